"""The AUC and its interval, against brute force, closed forms and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from tests.benchmarks.coverage import Margins, Shape, simulate
from thinice_tui.analysis.auc import MINIMUM, auc, auc_intervals

MARGINS = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30).map(np.array)
ENOUGH = st.lists(st.integers(-5, 5).map(float), min_size=MINIMUM, max_size=40).map(np.array)


@given(flipped=MARGINS, kept=MARGINS)
def test_auc_is_the_share_of_pairs_in_order(flipped: np.ndarray, kept: np.ndarray) -> None:
    pairs = (flipped[:, None] < kept).sum() + 0.5 * (flipped[:, None] == kept).sum()
    found = auc(flipped, kept)
    assert found.value == pytest.approx(pairs / (len(flipped) * len(kept)))
    assert found.n == len(flipped) + len(kept)


@given(flipped=ENOUGH, kept=ENOUGH)
def test_an_auc_is_inside_its_interval(flipped: np.ndarray, kept: np.ndarray) -> None:
    found = auc(flipped, kept)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high, "samples never leave certainty"


@given(flipped=ENOUGH, kept=ENOUGH)
def test_auc_of_the_other_direction_mirrors_it(flipped: np.ndarray, kept: np.ndarray) -> None:
    one, other = auc(flipped, kept), auc(kept, flipped)
    assert one.value == pytest.approx(1 - other.value)
    assert one.low == pytest.approx(1 - other.high, abs=1e-6)


@pytest.mark.parametrize(("shift", "flipped", "kept"), [(0.0, 60, 300), (1.0, 55, 311), (2.0, 12, 30)])
def test_auc_intervals_cover_the_true_auc_95_times_in_100(shift: float, flipped: int, kept: int) -> None:
    """Two normal distributions `shift` apart have the AUC Φ(shift/√2); 400 draws, binomial noise 1.1 points."""
    random, truth = np.random.default_rng(1), float(norm.cdf(shift / math.sqrt(2)))
    estimates = [auc(random.normal(0, 1, flipped), random.normal(shift, 1, kept)) for _ in range(400)]
    covered = sum(e.low <= truth <= e.high for e in estimates) / 400
    assert 0.915 <= covered <= 0.99


WORST: list[tuple[Shape, float, int, int, float]] = [
    *(("normal", 3, 12, 300, truth) for truth in (0.5, 0.6, 0.7, 0.9)),
    *(("normal", 1 / 3, 300, 12, truth) for truth in (0.5, 0.7, 0.9)),
    *(("normal", 3, 12, 100, truth) for truth in (0.7, 0.9)),
    ("normal", 3, 100, 300, 0.7),
    ("rounded", 3, 12, 300, 0.7),
    ("rounded", 1 / 3, 300, 12, 0.9),
    ("truncated", 3, 12, 300, 0.5),
    ("truncated", 3, 12, 300, 0.7),
    ("truncated", 3, 30, 100, 0.9),
]


@pytest.mark.parametrize(("shape", "spread", "flipped", "kept", "truth"), WORST)
def test_auc_intervals_cover_whatever_the_spreads(
    shape: Shape, spread: float, flipped: int, kept: int, truth: float
) -> None:
    """Where the benchmark tests/benchmarks/coverage.py finds least; two Monte-Carlo errors on the safe side."""
    draws = 4000
    cell = simulate(Margins(shape, spread, truth), flipped, kept, draws, seed=0)
    least = 0.925 if truth <= 0.7 else 0.88
    assert cell.covered - 2 * math.sqrt(cell.covered * (1 - cell.covered) / draws) >= least
    if truth == 0.5:
        assert cell.associated + 2 * math.sqrt(0.05 * 0.95 / draws) <= 0.05, "associated with nothing"


@pytest.mark.parametrize("truth", [0.5, 0.7, 0.9])
@pytest.mark.parametrize(("flipped", "kept"), [(12, 12), (12, 300), (100, 300)])
def test_auc_intervals_are_hardly_wider_at_equal_spread(flipped: int, kept: int, truth: float) -> None:
    assert simulate(Margins("normal", 1, truth), flipped, kept, 4000, seed=0).wider <= 1.10


def test_aucs_computed_together_equal_those_computed_alone() -> None:
    random = np.random.default_rng(0)
    flipped, kept = random.normal(0, 2, (5, 13)), random.normal(1, 1, (5, 40))
    for row, (value, low, high) in enumerate(zip(*auc_intervals(flipped, kept), strict=True)):
        one = auc(flipped[row], kept[row])
        assert (one.value, one.low, one.high) == (value, low, high)


def test_below_twelve_on_either_side_there_is_no_interval() -> None:
    low, high = np.linspace(0, 1, 40), np.linspace(0.5, 1.5, 40)
    for found in (auc(low[:11], high), auc(low, high[:11]), auc(low[:1], high[:1])):
        assert 0.5 <= found.value <= 1 and math.isnan(found.low) and math.isnan(found.high)
        assert found.shown == f"{found.value:.2f}"
    assert not math.isnan(auc(low[:12], high[:12]).low)


def test_unknown_margins_are_left_out_of_the_auc() -> None:
    low, high = np.linspace(0, 1, 40), np.linspace(0.5, 1.5, 40)
    assert auc(np.append(low, np.nan), np.append(high, [np.nan, np.nan])) == auc(low, high)


def test_the_auc_of_equal_margins_is_one_half() -> None:
    found = auc(np.ones(20), np.ones(30))
    assert found.value == 0.5 and 0.2 < found.low < 0.5 < found.high < 0.8


def test_auc_of_separated_samples_keeps_an_interval() -> None:
    found = auc(np.arange(12.0), np.arange(20.0) + 100)
    assert found.value == found.high == 1 and 0.8 < found.low < 1
    found = auc(np.arange(12.0) + 100, np.arange(20.0))
    assert found.value == found.low == 0 and 0 < found.high < 0.2


def test_auc_says_in_words_what_its_interval_allows() -> None:
    low, high = np.linspace(0, 1, 40), np.linspace(2, 3, 40)
    assert auc(low, high).verdict == "flips go with low margins"
    assert auc(high, low).verdict == "flips go with high margins"
    assert auc(low, low).verdict == "no association seen"
    assert auc(low[:11], high).verdict == "too few flips to tell"
    assert auc(low, high[:11]).verdict == "too few unflipped samples to tell"
    assert auc(np.array([]), high).verdict == "too few flips to tell"
    assert math.isnan(auc(np.array([]), high).value)
