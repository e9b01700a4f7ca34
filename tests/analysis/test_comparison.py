"""The identities of a comparison, on run files made by hand."""

from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import STAGES, write_run
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.runfile.records import Role

MODELS: dict[str, Role] = {"dense": "dense", "half": "pruned", "tenth": "pruned", "again": "control"}


@pytest.mark.parametrize("through", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_nfr_minus_pfr_equals_the_loss_of_robust_accuracy(tmp_path: Path, through: int, seed: int) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", MODELS, through=through, seed=seed))
    dense = analysis.models[0].robust_accuracy
    assert dense is not None and len(analysis.comparisons) == 3
    for summary, comparison in zip(analysis.models[1:], analysis.comparisons, strict=True):
        assert summary.robust_accuracy is not None
        assert comparison.nfr.value - comparison.pfr.value == pytest.approx(dense.value - summary.robust_accuracy.value)
        assert sum(comparison.sets.counts().values()) == sum(comparison.clean_sets.counts().values()) == 200
        assert sum(rate.flips for rate in comparison.flip_rate) == comparison.sets.counts()["S10"]


def test_robust_accuracy_falls_from_stage_to_stage_and_its_parts_add_up(tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", MODELS))
    for summary in analysis.models:
        assert summary.clean_accuracy is not None and summary.robust_accuracy is not None
        series = [summary.clean_accuracy.value]
        series += [s.robust_accuracy_after.value for s in summary.stages if s.robust_accuracy_after]
        assert len(series) == 4 and series == sorted(series, reverse=True)
        standing = round(summary.robust_accuracy.value * 200)
        assert standing + summary.attacked + summary.clean_wrong == 200
        assert summary.attacked == sum(stage.broken for stage in summary.stages)
        assert summary.gap is not None
        assert summary.gap.gap == pytest.approx(series[1] - series[-1])
        assert summary.gap.weak_attack == "PGD-20"


def test_models_are_compared_only_through_stages_that_all_have_finished(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, through=2)
    analysis = analyse(run)
    assert (analysis.through, analysis.complete) == (2, False)
    ahead = analyse(write_run(tmp_path / "b.thinice", MODELS, through=3))
    dense_early, dense_late = analysis.models[0].robust_accuracy, ahead.models[0].robust_accuracy
    assert dense_early is not None and dense_late is not None and dense_early.value > dense_late.value
    assert np.array_equal(robust_correct(ahead.run, ahead.run.models[0], 2), robust_correct(run, run.models[0], 2))


def test_before_any_stage_there_is_only_clean_accuracy(tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", MODELS, through=0))
    assert analysis.comparisons == () and analysis.through == 0
    assert all(summary.robust_accuracy is None and summary.clean_accuracy for summary in analysis.models)


def test_flips_of_low_margin_samples_are_found(tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", MODELS, n=2000))
    comparison = analysis.comparisons[0]
    assert comparison.auc_s10_s11.low > 0.5
    assert comparison.auc_s10_s11.verdict == "flips go with low margins"
    assert comparison.auc_s01_s00.high < 0.5, "gains lie near the boundary too, on its other side"
    rates = [rate.rate for rate in comparison.flip_rate]
    assert rates[0] > rates[-1] and len(rates) == 10
    margins = analysis.run.models[0].clean_margin
    held = comparison.sets.s10 | comparison.sets.s11
    assert comparison.flip_rate[0].margin_low == pytest.approx(margins[held].min())


def test_equal_models_have_no_flips_and_say_so(tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", {"dense": "dense", "same": "pruned"}, flip=False))
    (comparison,) = analysis.comparisons
    assert comparison.sets.counts()["S10"] == comparison.sets.counts()["S01"] == 0
    assert comparison.auc_s10_s11.verdict == "too few flips to tell"
    assert comparison.mcnemar_p == 1
    assert comparison.nfr.high > 0, "none seen is not none"


def test_stages_are_as_they_were_planned(tmp_path: Path) -> None:
    assert analyse(write_run(tmp_path / "a.thinice", MODELS, through=1)).stage_names == STAGES
