"""Which margin separates best: paired DeLong, against brute force, closed forms and simulation."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.runs_of_models import analysed
from tests.benchmarks.loss_coverage import auc_difference_coverage
from tests.places import SAMPLE_MODELS
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.margins import MARGIN_KINDS
from thinice_tui.analysis.proportions import Z
from thinice_tui.analysis.separation import auc_differences, separation_of
from thinice_tui.runfile.reader import read_run


def brute_force(lost: np.ndarray, kept: np.ndarray) -> tuple[float, float]:
    """The difference of two AUCs and its standard error, from the kernel of every pair of samples (DeLong 1988)."""
    kernel = (lost[:, :, None] < kept[:, None, :]) + 0.5 * (lost[:, :, None] == kept[:, None, :])
    difference = kernel[1] - kernel[0]
    rows, columns = difference.mean(axis=1), difference.mean(axis=0)
    return float(difference.mean()), math.sqrt(rows.var(ddof=1) / len(rows) + columns.var(ddof=1) / len(columns))


@pytest.mark.parametrize("seed", range(3))
def test_the_difference_and_its_error_are_those_of_the_pairs(seed: int) -> None:
    random = np.random.default_rng(seed)
    lost, kept = random.integers(0, 6, (2, 30)).astype(float), random.integers(1, 7, (2, 50)).astype(float)
    ((found, p),) = auc_differences(lost, kept, [(0, 1)])
    value, error = brute_force(lost, kept)
    assert (found.value, found.low, found.high) == pytest.approx((value, value - Z * error, value + Z * error))
    assert p == pytest.approx(math.erfc(abs(value) / error / math.sqrt(2)))


@pytest.mark.parametrize(
    ("lost", "kept", "aucs", "correlation"),
    [(30, 100, (0.5, 0.5), 0.0), (100, 300, (0.7, 0.9), 0.7), (100, 300, (0.7, 0.7), 0.95), (30, 100, (0.6, 0.7), 0.7)],
)
def test_the_interval_covers(lost: int, kept: int, aucs: tuple[float, float], correlation: float) -> None:
    assert auc_difference_coverage(lost, kept, aucs, correlation, draws=600, seed=4).covered >= 0.925


def test_a_margin_is_as_good_as_itself() -> None:
    scores = np.random.default_rng(0).normal(size=40)
    ((found, p),) = auc_differences(np.stack([scores, scores]), np.stack([scores, scores]) + 1, [(0, 1)])
    assert (found.value, found.low, found.high, p) == (0, 0, 0, 1)


def test_the_margin_under_attack_can_come_from_another_attack(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, n=600)
    comparison = analysis.comparisons[0]
    own = separation_of(analysis, comparison)
    assert own.own_attack and list(own.aucs) == ["clean", "attacked"]
    assert own.aucs["clean"] == comparison.auc_s10_s11
    dense = analysis.run.models[0]
    mute = replace(
        analysis.run, models=(replace(dense, worst_margin=np.zeros(600, np.float32)), *analysis.run.models[1:])
    )
    other = separation_of(replace(analysis, repeats=(mute,)), comparison)
    assert not other.own_attack and other.aucs["attacked"].value == 0.5
    assert other.aucs["clean"] == own.aucs["clean"]
    assert other.verdict == "the clean margin separates best" and other.differences[0].difference.high < 0


def test_too_few_samples_are_called_so(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, n=20)
    found = separation_of(analysis, analysis.comparisons[0])
    assert found.verdict == "too few samples to tell" and math.isnan(found.differences[0].p_holm)


def test_the_shipped_run() -> None:
    analysis = analyse(read_run(SAMPLE_MODELS / "standard.thinice"))
    found = [separation_of(analysis, comparison) for comparison in analysis.comparisons]
    for one in found:
        best = max(one.aucs, key=lambda kind: one.aucs[kind].value)
        told_apart = [pair.p_holm < 0.05 for pair in one.differences if best in (pair.kind, pair.than)]
        assert (f"the {MARGIN_KINDS[best]} separates best" in one.verdict) == any(told_apart)
        assert ("cannot be told" in one.verdict) == (not all(told_apart))
