"""Proportions and flip rates with their intervals, and McNemar's test. Pure functions on arrays.

scipy is imported inside functions: a view appears before scipy has loaded.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value in [0,1] with its 95 % interval, from n samples; NaN where n is too small."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class FlipRate:
    """Flips among the samples of one group by margin, with the rate's Wilson 95 % interval."""

    margin_low: float
    margin_high: float
    n: int
    flips: int
    rate: float
    low: float
    high: float


def proportion(successes: int, n: int) -> Estimate:
    """successes / n with its Wilson score interval (Wilson 1927)."""
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    from scipy.stats import binomtest

    interval = binomtest(successes, n).proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(successes / n, float(interval.low), float(interval.high), n)


def flip_rates(margins: NDArray[np.floating], flipped: NDArray[np.bool_], quantiles: int = 10) -> tuple[FlipRate, ...]:
    """Flip rate in each of `quantiles` groups of nearly equal size by rising margin; n groups where n is smaller."""
    order = np.argsort(margins, kind="stable")
    groups = np.array_split(order, max(1, min(quantiles, len(order)))) if len(order) else []
    rates = []
    for group in groups:
        flips = int(flipped[group].sum())
        share = proportion(flips, len(group))
        edges = float(margins[group[0]]), float(margins[group[-1]])
        rates.append(FlipRate(*edges, len(group), flips, share.value, share.low, share.high))
    return tuple(rates)


def mcnemar(lost: int, gained: int) -> float:
    """Exact two-sided McNemar p-value, binomial: are losses and gains equally likely? (McNemar 1947)."""
    if lost + gained == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(min(lost, gained), lost + gained, 0.5).pvalue)
