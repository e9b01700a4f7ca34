"""The fates of samples in several runs: against the sets of each run, and against the numbers of the report."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.several_runs import repeated, seed_file, seed_run
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.several.fates import fates_of
from thinice_tui.analysis.several.several_runs import analyse_several
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Role

MORE: dict[str, Role] = {"dense": "dense", "tenth": "pruned", "half": "pruned", "again": "control"}


def test_a_sample_is_lost_as_often_as_the_report_says(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(3)]
    fates, several = fates_of(runs), analyse_several(runs)
    for model in several.models[1:]:
        assert model.stability is not None
        assert np.array_equal(fates.times_lost(model.record.name), model.stability.times_lost)
    assert fates.times_lost("half").max() > 1


def test_repeats_and_other_ensembles_never_count(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    weak = repeated(one, one.info.settings.seed, other=5)
    quick = replace(weak, path="q", info=replace(weak.info, settings=replace(weak.info.settings, attack="quick")))
    fates = fates_of([one, repeated(one, 9), quick, other])
    assert fates.seeds == 2 and np.array_equal(fates.times_lost("half"), fates_of([one, other]).times_lost("half"))
    assert [part.part for part in fates.parts] == ["training seed", "attack seed", "ensemble", "training seed"]
    assert [part.seed for part in fates.parts] == [1, 1, 1, 2]


def test_each_run_has_its_own_set_of_a_sample(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(3)]
    fates, sets = fates_of(runs), [analyse(run).comparisons[0].sets for run in runs]
    for position in range(0, 300, 7):
        found = fates.of_sample("half", position)
        assert [fate.set_name for fate in found] == [
            next(name for name in ("S11", "S10", "S01", "S00") if getattr(one, name.lower())[position]) for one in sets
        ]
        assert [fate.other for fate in found] == [run.models[1] for run in runs]


def test_a_model_that_not_every_run_has_is_not_known(tmp_path: Path) -> None:
    fates = fates_of([seed_run(tmp_path, 0, MORE), seed_run(tmp_path, 1)])
    assert np.isnan(fates.times_lost("tenth")).all() and not np.isnan(fates.times_lost("half")).any()
    assert [(fate.other, fate.set_name) for fate in fates.of_sample("tenth", 0)] == [(None, "")] * 2


def test_a_run_that_goes_on_counts_so_far(tmp_path: Path) -> None:
    one = read_run(seed_file(tmp_path / "a.thinice", 0))
    going = read_run(seed_file(tmp_path / "b.thinice", 1, through=1))
    fates = fates_of([one, going])
    known = fates.times_lost("half")
    first = analyse(one).comparisons[0].sets.s10
    early = analyse(going).comparisons[0].sets.s10
    assert np.array_equal(known, first.astype(int) + early) and early.any()
    done = read_run(seed_file(tmp_path / "c.thinice", 1))
    later = fates.updated([one, done], 0)
    last = analyse(done).comparisons[0].sets.s10
    assert np.array_equal(later.times_lost("half"), first.astype(int) + last) and (early != last).any()
    assert all(model is not going.models[1] for _, model, _ in later._codes.values()), "old readings are let go"


def test_runs_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    with pytest.raises(RunFileError, match="its norm is L2, not Linf"):
        fates_of([one, replace(other, info=replace(other.info, settings=replace(other.info.settings, norm="L2")))])


def test_a_model_has_its_name_in_the_run_that_is_browsed(tmp_path: Path) -> None:
    one, other = seed_run(tmp_path, 0), seed_run(tmp_path, 1)
    models = [replace(model, record=replace(model.record, name=f"{model.record.name}-s2")) for model in other.models]
    runs = [one, replace(other, models=tuple(models))]
    fates = fates_of(runs)
    assert fates.matching("half", runs[1].path) == "half-s2" and fates.matching("half-s2", runs[1].path) is None
    second = fates.updated(runs, 1)
    assert second.matching("half-s2", one.path) == "half" and np.isnan(second.times_lost("half")).all()
    assert np.array_equal(second.times_lost("half-s2"), fates.times_lost("half"))
    assert [part.seed for part in second.parts] == [1, 2], "seeds keep their numbers"
