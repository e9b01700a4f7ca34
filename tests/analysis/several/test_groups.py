"""Training seeds, repeats and other ensembles are told apart; mixtures are refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.several_runs import repeated, seed_run
from thinice_tui.analysis.several.groups import group_runs
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.records import Run


def attacked_by(run: Run, attack: str, seed: int = 3) -> Run:
    settings = replace(run.info.settings, attack=attack, seed=seed)
    return replace(run, path=f"{run.path}-{attack}", info=replace(run.info, settings=settings))


def test_other_weights_are_training_seeds(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(3)]
    groups = group_runs(runs)
    assert [run.path for run in groups.seeds] == [run.path for run in runs]
    assert all(group.repeats == group.ensembles == () for group in groups.groups)


def test_other_weights_may_have_other_attack_seeds(tmp_path: Path) -> None:
    assert len(group_runs([seed_run(tmp_path, 0), seed_run(tmp_path, 1, seed=9)]).groups) == 2


def test_the_same_weights_under_another_seed_are_a_repeat_and_no_training_seed(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    groups = group_runs([one, other, repeated(one, 7), repeated(one, 8)])
    assert [len(group.repeats) for group in groups.groups] == [2, 0] and len(groups.seeds) == 2


def test_the_same_weights_under_another_ensemble_are_side_by_side(tmp_path: Path) -> None:
    one = seed_run(tmp_path, 0)
    (group,) = group_runs([one, attacked_by(one, "quick"), attacked_by(one, "plus")]).groups
    assert [run.info.settings.attack for run in group.ensembles] == ["quick", "plus"]


def test_runs_of_other_listed_stages_are_other_ensembles(tmp_path: Path) -> None:
    one = attacked_by(seed_run(tmp_path, 0), "stages")
    runs = [
        replace(one, path=text, info=replace(one.info, settings=replace(one.info.settings, stages=text)))
        for text in ("apgd-ce", "square")
    ]
    (group,) = group_runs(runs).groups
    assert [run.path for run in group.ensembles] == ["square"]


def test_each_run_has_its_part(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    alone = group_runs([one, repeated(one, 7), attacked_by(one, "quick")]).parts
    assert [part.part for part in alone] == ["first run", "attack seed", "ensemble"]
    both = group_runs([one, repeated(one, 7), other]).parts
    assert [(part.part, part.seed) for part in both] == [
        ("training seed", 1),
        ("attack seed", 1),
        ("training seed", 2),
    ]


REFUSED: dict[str, Callable[[Run, Run], list[Run]]] = {
    "have the same weights, seed and attack": lambda one, _: [one, one],
    "two of the runs have the same weights, seed and attack": lambda one, _: [one, repeated(one, 7), repeated(one, 7)],
    "have the same models and differ in seed and attack": lambda one, _: [one, attacked_by(one, "quick", 7)],
    "attacked by standard and quick": lambda one, other: [one, attacked_by(other, "quick")],
    "have the same models and differ in --precision": lambda one, _: [
        one,
        replace(one, info=replace(one.info, settings=replace(one.info.settings, precision="bf16"))),
    ],
    "share dense and differ in other models": lambda one, other: [
        one,
        replace(other, models=(one.models[0], *other.models[1:])),
    ],
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_neither_is_refused(message: str, tmp_path: Path) -> None:
    with pytest.raises(RunFileError) as error:
        group_runs(REFUSED[message](seed_run(tmp_path, 0), seed_run(tmp_path, 1)))
    assert message in error.value.what and error.value.do and error.value.exit_code == 1
