"""The ladder: each lost sample falls at one rung, and what is lost and regained adds up."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.runs_of_models import analysed
from tests.places import SAMPLE_MODELS
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.analysis.ladder import ladder_of, pruned_away
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Role

THREE: dict[str, Role] = {"dense": "dense", "most": "pruned", "some": "pruned", "more": "pruned", "again": "control"}


def with_sparsities(analysis: Analysis, *sparsities: float) -> Analysis:
    models = [
        replace(model, record=replace(model.record, sparsity_conv_linear=sparsity))
        for model, sparsity in zip(analysis.run.models, sparsities, strict=True)
    ]
    return analyse(replace(analysis.run, models=tuple(models)))


@pytest.fixture
def analysis(tmp_path: Path) -> Analysis:
    return with_sparsities(analysed(tmp_path, THREE, n=500, noise=(1.5, 0.3, 0.8, 0.2)), 0, 0.99, 0.5, 0.9, 0)


def test_rungs_are_the_pruned_models_by_sparsity(analysis: Analysis) -> None:
    ladder = ladder_of(analysis)
    assert ladder is not None
    assert [rung.comparison.other.record.name for rung in ladder.rungs] == ["some", "more", "most"]
    assert [rung.pruned_away for rung in ladder.rungs] == pytest.approx([0.5, 0.9, 0.99])


def test_each_sample_is_followed_up_the_ladder(analysis: Analysis) -> None:
    """The same by a loop over samples."""
    ladder = ladder_of(analysis)
    assert ladder is not None
    lost = np.array([rung.comparison.sets.s10 for rung in ladder.rungs])
    held = ladder.rungs[0].comparison.sets.s10 | ladder.rungs[0].comparison.sets.s11
    fallen, regained, gone = np.zeros(3, int), np.zeros(3, int), np.zeros(3, int)
    for sample in np.flatnonzero(held):
        path = lost[:, sample].tolist()
        first = path.index(True) if any(path) else -1
        assert ladder.falls_at[sample] == first
        back = [rung for rung in range(3) if not path[rung] and any(path[:rung])]
        assert ladder.regained[sample] == bool(back)
        fallen[first] += first >= 0
        for rung in range(3):
            regained[rung] += rung in back
            gone[rung] += all(path[rung:])
    assert [rung.fallen for rung in ladder.rungs] == fallen.tolist()
    assert [rung.regained for rung in ladder.rungs] == regained.tolist() and regained.sum() > 0
    assert [rung.gone for rung in ladder.rungs] == gone.tolist()
    assert not (ladder.falls_at[~held] >= 0).any() and not ladder.regained[~held].any()


def test_losses_at_a_rung_are_those_fallen_before_less_those_regained(analysis: Analysis) -> None:
    ladder = ladder_of(analysis)
    assert ladder is not None
    total = 0
    for rung in ladder.rungs:
        total += rung.fallen
        assert rung.comparison.sets.counts()["S10"] == total - rung.regained
    last = ladder.rungs[-1]
    assert last.gone == last.comparison.sets.counts()["S10"]


def test_one_pruned_model_is_no_ladder(tmp_path: Path) -> None:
    assert ladder_of(analysed(tmp_path, {"dense": "dense", "p": "pruned", "c": "control"})) is None


def test_removed_parameters_and_zeros_count_together(analysis: Analysis) -> None:
    dense = analysis.run.models[0].record
    halved = replace(dense, parameters=dense.parameters // 2, sparsity_conv_linear=0.5)
    assert pruned_away(halved, dense) == pytest.approx(0.75, abs=0.01)


def test_the_shipped_run() -> None:
    """Counted sample by sample."""
    analysis = analyse(read_run(SAMPLE_MODELS / "standard.thinice"))
    ladder, pruned = ladder_of(analysis), analysis.comparisons[:3]
    assert ladder is not None and [one.other.record.name for one in pruned] == ["pruned-90", "pruned", "pruned-99"]
    fallen, regained = [0, 0, 0], [0, 0, 0]
    for position in np.flatnonzero(pruned[0].sets.s10 | pruned[0].sets.s11):
        before = False
        for number, one in enumerate(pruned):
            lost = bool(one.sets.s10[position])
            fallen[number] += lost and not before
            regained[number] += before and not lost
            before = before or lost
    assert [(rung.fallen, rung.regained) for rung in ladder.rungs] == list(zip(fallen, regained, strict=True))
    assert sum(fallen) > 100 and sum(regained) > 10
