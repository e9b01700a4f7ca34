"""The excess over the control, against statsmodels, simulation and its identities."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from statsmodels.stats.contingency_tables import StratifiedTable, mcnemar

from tests.analysis.runs_of_models import analysed
from tests.benchmarks.loss_coverage import odds_coverage
from tests.places import SAMPLE_MODELS
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.excess import STRATA, excesses, matched_odds_ratio
from thinice_tui.analysis.proportions import groups_by_margin
from thinice_tui.runfile.reader import read_run


def reference(margins: np.ndarray, first: np.ndarray, second: np.ndarray) -> StratifiedTable:
    """The same strata, as if the two events were of separate samples."""
    tables = []
    for group in groups_by_margin(margins, STRATA):
        a, b, n = first[group].sum(), second[group].sum(), len(group)
        tables.append(np.array([[a, n - a], [b, n - b]], dtype=float))
    return StratifiedTable(tables)


def draw(n: int, seed: int, shared: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    margins, one = random.exponential(1, n), random.random(n)
    other = one if shared else random.random(n)
    return margins, one < expit(0.5 - margins), other < expit(-1 - margins)


@pytest.mark.parametrize("seed", range(3))
def test_the_odds_ratio_is_that_of_mantel_and_haenszel_by_statsmodels(seed: int) -> None:
    margins, first, second = draw(500, seed, shared=seed == 1)
    assert matched_odds_ratio(margins, first, second).value == pytest.approx(
        reference(margins, first, second).oddsratio_pooled
    )


def test_for_independent_events_the_interval_is_that_of_robins_breslow_and_greenland() -> None:
    margins, first, second = draw(20_000, 0, shared=False)
    found, expected = matched_odds_ratio(margins, first, second), reference(margins, first, second)
    assert (found.low, found.high) == pytest.approx(expected.oddsratio_pooled_confint(), rel=0.01)


def test_of_the_same_samples_the_interval_is_narrower_than_for_separate_ones() -> None:
    margins, first, second = draw(2000, 0, shared=True)
    low, high = reference(margins, first, second).oddsratio_pooled_confint()
    found = matched_odds_ratio(margins, first, second)
    assert low < found.low < found.value < found.high < high


@pytest.mark.parametrize(
    ("n", "base", "excess", "shared"),
    [(100, -2, 1, 0.8), (300, -3, 2.5, 0), (300, -2, 0, 0.8), (300, 0, 1, 0), (2000, 0, 0, 0)],
)
def test_the_odds_ratios_interval_covers(n: int, base: float, excess: float, shared: float) -> None:
    assert odds_coverage(n, base, excess, shared, draws=400, seed=2).covered >= 0.925


def test_where_one_model_loses_nothing_there_is_no_odds_ratio() -> None:
    margins, first, _ = draw(100, 0, shared=False)
    none = np.zeros(0, bool)
    for found in (matched_odds_ratio(margins, first, np.zeros(100, bool)), matched_odds_ratio(np.zeros(0), none, none)):
        assert math.isnan(found.value) and math.isnan(found.low)


def test_an_excess_is_the_difference_of_the_rates_and_of_the_robust_accuracies(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, n=600, noise=(1.2, 0.4, 0.4))
    *pruned, control = analysis.comparisons
    found = excesses(analysis)
    assert [one.model for one in found] == ["half", "tenth"]
    for one, comparison in zip(found, pruned, strict=True):
        assert one.excess_nfr.value == pytest.approx(comparison.nfr.value - control.nfr.value)
        held_by_control = robust_correct(analysis.run, control.other, analysis.through)
        assert np.array_equal(one.lost_by_pruning, comparison.sets.s10 & held_by_control)
        counts = int(one.lost_by_pruning.sum()), int(one.lost_by_control.sum())
        assert counts[0] - counts[1] == round(600 * one.excess_nfr.value)
        assert one.p == pytest.approx(mcnemar([[0, counts[0]], [counts[1], 0]], exact=True).pvalue)
    assert found[0].p_holm == pytest.approx(min(1, 2 * found[0].p)), "the smaller of two"
    assert found[0].verdict == "more lost than by retraining alone"
    assert found[1].verdict == "cannot be told from retraining alone"


def test_without_a_control_there_is_no_excess(tmp_path: Path) -> None:
    assert excesses(analysed(tmp_path, {"dense": "dense", "half": "pruned"})) == ()
    assert excesses(analysed(tmp_path, through=0)) == ()


def test_the_shipped_run() -> None:
    analysis = analyse(read_run(SAMPLE_MODELS / "standard.thinice"))
    *pruned, control = (one.nfr.value for one in analysis.comparisons)
    found = excesses(analysis)
    assert [one.excess_nfr.value for one in found] == pytest.approx([nfr - control for nfr in pruned])
    assert all(one.verdict == "more lost than by retraining alone" for one in found)


def test_deciles_of_one_sample_give_no_odds_ratio() -> None:
    """Its interval would have no width, and a gate would trust it."""
    margins, first, second = np.arange(8.0), np.arange(8) < 2, np.arange(8) == 4
    assert not matched_odds_ratio(margins, first, second).known
