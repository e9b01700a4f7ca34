"""The capture curve, against counting, closed forms and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.loss_coverage import capture_coverage
from thinice_tui.analysis.capture import HEADLINE, capture_curve
from thinice_tui.analysis.proportions import wilson


@given(st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=1, max_size=60))
def test_it_rises_from_none_to_all_whatever_the_ties(samples: list[tuple[int, bool]]) -> None:
    margins, lost = np.array([float(m) for m, _ in samples]), np.array([is_lost for _, is_lost in samples])
    curve = capture_curve(margins, lost)
    again = capture_curve(margins[::-1], lost[::-1])
    assert curve.losses == lost.sum()
    if not lost.any():
        assert np.isnan(curve.captured).all()
        return
    assert curve.captured[0] == 0 and curve.captured[-1] == pytest.approx(1)
    assert (np.diff(curve.captured) >= -1e-12).all()
    assert np.allclose(curve.captured, again.captured), "the order of equal margins says nothing"


def test_it_counts_the_losses_below_the_border() -> None:
    random = np.random.default_rng(0)
    margins, lost = random.normal(size=1000), random.random(1000) < 0.3
    curve = capture_curve(margins, lost)
    border = np.sort(margins)[199]
    assert curve.headline.value == pytest.approx((lost & (margins <= border)).sum() / lost.sum())
    assert HEADLINE == 0.2 and curve.headline.n == lost.sum()
    for share, captured in zip(curve.lowest, curve.captured, strict=True):
        within = np.argsort(margins)[: round(share * 1000)]
        assert captured == pytest.approx(lost[within].sum() / lost.sum())


def test_losses_of_the_lowest_margins_are_captured_first() -> None:
    margins = np.arange(100.0)
    curve = capture_curve(margins, margins < 20)
    assert curve.headline.value == 1 and 0.8 < curve.headline.low < 1 == curve.headline.high


def test_for_flips_without_association_the_interval_is_a_finite_populations() -> None:
    """Flips that go with no margin: hypergeometric, whose variance is 1 − p of the binomial one."""
    margins = np.arange(10_000.0)
    lost = margins % 2 == 0
    found = capture_curve(margins, lost).headline
    assert (found.low, found.high) == pytest.approx(wilson(0.2, 5000 / (1 - 0.5)), abs=1e-6)


@pytest.mark.parametrize(
    ("n", "shape", "rate"),
    [(60, "steep", 0.45), (300, "flat", 0.45), (300, "falling", 0.25), (300, "rising", 0.1), (2000, "cliff", 0.25)],
)
def test_the_headlines_interval_covers(n: int, shape: str, rate: float) -> None:
    assert capture_coverage(n, shape, rate, HEADLINE, draws=400, seed=3).covered >= 0.925


def test_few_losses_have_no_interval_and_no_losses_no_curve() -> None:
    margins = np.arange(100.0)
    few = capture_curve(margins, margins < 11).headline
    assert few.value == 1 and math.isnan(few.low)
    assert not capture_curve(np.zeros(0), np.zeros(0, bool)).headline.known
    assert not capture_curve(margins, margins < 0).headline.known


def test_unknown_margins_are_left_out() -> None:
    margins = np.arange(100.0)
    lost = margins % 3 == 0
    more = np.append(margins, [np.nan, np.nan])
    assert capture_curve(more, np.append(lost, [True, False])).headline == capture_curve(margins, lost).headline
