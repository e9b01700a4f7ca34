"""Proportions, flip rates and McNemar's test, against published values and closed forms."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinice_tui.analysis.proportions import flip_rates, mcnemar, proportion, unknown


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


def test_an_estimate_in_words() -> None:
    assert proportion(81, 263).in_words() == "30.8 % [25.5, 36.6]"
    assert proportion(1, 2).in_words("points").startswith("50.0 points [")
    assert unknown().in_words() == "–" and unknown(3, 0.25).in_words() == "25.0 %"
