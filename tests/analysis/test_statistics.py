"""Estimates against brute force, closed forms and other implementations."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from tests.benchmarks.coverage import Margins, Shape, simulate
from thinice_tui.analysis.auc import MINIMUM, auc, auc_intervals
from thinice_tui.analysis.proportions import flip_rates, mcnemar, proportion
from thinice_tui.protocol.margins import logit_margin

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
def test_auc_intervals_hold_the_truth_95_times_in_100(shift: float, flipped: int, kept: int) -> None:
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


def test_many_aucs_at_once_are_those_of_each() -> None:
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


def test_auc_of_samples_all_alike_says_nothing() -> None:
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


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_the_published_ones(k: int, n: int, low: float, high: float) -> None:
    found = proportion(k, n)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)
    assert found.value == pytest.approx(k / n)


def test_a_proportion_of_nothing_is_unknown() -> None:
    assert math.isnan(proportion(0, 0).value)


@given(lost=st.integers(0, 60), gained=st.integers(0, 60))
def test_mcnemar_is_the_exact_binomial(lost: int, gained: int) -> None:
    n, extreme = lost + gained, min(lost, gained)
    tail = sum(math.comb(n, i) for i in range(extreme + 1)) / 2**n
    assert mcnemar(lost, gained) == pytest.approx(min(1.0, 2 * tail), abs=1e-9)


@given(
    margins=st.lists(st.floats(-10, 10), max_size=60).map(np.array),
    seed=st.integers(0, 9),
    quantiles=st.integers(1, 12),
)
def test_flip_rates_partition_the_samples(margins: np.ndarray, seed: int, quantiles: int) -> None:
    margins = margins.astype(np.float64)
    flipped = np.random.default_rng(seed).random(len(margins)) < 0.3
    rates = flip_rates(margins, flipped, quantiles)
    assert sum(rate.n for rate in rates) == len(margins)
    assert sum(rate.flips for rate in rates) == flipped.sum()
    assert len(rates) == min(quantiles, len(margins))
    for before, after in itertools.pairwise(rates):
        assert before.margin_high <= after.margin_low
        assert abs(before.n - after.n) <= 1
    for rate in rates:
        assert rate.low <= rate.rate <= rate.high


@given(
    logits=st.lists(st.lists(st.floats(-50, 50), min_size=4, max_size=4), min_size=1, max_size=20),
    label=st.integers(0, 3),
)
def test_margin_is_positive_exactly_where_the_label_wins(logits: list[list[float]], label: int) -> None:
    array, labels = np.array(logits), np.full(len(logits), label)
    for row, margin in zip(logits, logit_margin(array, labels), strict=True):
        others = [value for j, value in enumerate(row) if j != label]
        assert margin == row[label] - max(others)
    assert np.array_equal(array, np.array(logits)), "the argument is left as it was"


def test_margin_of_unknown_logits_is_unknown() -> None:
    assert np.isnan(logit_margin(np.full((1, 3), np.nan, dtype=np.float32), np.array([0]))).all()
