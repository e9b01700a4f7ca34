"""Estimates with their intervals. Pure functions on arrays, independent of runs.

scipy is imported where it is used: it takes longer than a whole view may take to appear.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
MINIMUM = 10
"""Fewer samples than this on either side are too few to tell an association."""


@dataclass(frozen=True)
class Estimate:
    """A value in [0,1] with its 95 % interval, and the n it comes from. NaN where n leaves none."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Auc(Estimate):
    """P(margin of a flipped sample < margin of a kept one) + ½ P(equal); n = flipped + kept."""

    flipped: int
    kept: int

    @property
    def verdict(self) -> str:
        """What the interval allows to say: an association or none, never a cause."""
        if min(self.flipped, self.kept) < MINIMUM:
            return "too few flips to tell" if self.flipped < MINIMUM else "too few unflipped samples to tell"
        if self.low > 0.5:
            return "flips go with low margins"
        if self.high < 0.5:
            return "flips go with high margins"
        return "no association seen"


@dataclass(frozen=True)
class FlipRate:
    """Flips among the samples of one margin quantile, with a Wilson 95 % interval."""

    margin_low: float
    margin_high: float
    n: int
    flips: int
    rate: float
    low: float
    high: float


def proportion(successes: int, n: int) -> Estimate:
    """successes / n with the Wilson score interval (Wilson 1927)."""
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    from scipy.stats import binomtest

    interval = binomtest(successes, n).proportion_ci(CONFIDENCE, method="wilson")
    return Estimate(successes / n, float(interval.low), float(interval.high), n)


def auc(flipped: NDArray[np.floating], kept: NDArray[np.floating]) -> Auc:
    """How far margins tell flipped from kept samples: 1 − U/(n·m) of Mann and Whitney, ties half.

    The interval is method 5 of Newcombe 2006 (Statistics in Medicine 25:559): the values θ whose
    Hanley-McNeil standard error reaches the estimate. It stays inside [0,1] also where samples separate.
    """
    a, b = len(flipped), len(kept)
    if a == 0 or b == 0:
        return Auc(math.nan, math.nan, math.nan, a + b, a, b)
    from scipy.optimize import brentq
    from scipy.stats import mannwhitneyu, norm

    value = float(mannwhitneyu(kept, flipped, method="asymptotic").statistic) / (a * b)
    z = float(norm.ppf(0.5 + CONFIDENCE / 2))

    def excess(theta: float) -> float:
        """Squared distance of the estimate from θ, minus z² times the variance under θ."""
        shape = (a + b) / 2 - 1
        variance = theta * (1 - theta) * (1 + shape * ((1 - theta) / (2 - theta) + theta / (1 + theta))) / (a * b)
        return (value - theta) ** 2 - z * z * variance

    # θ = value is inside the interval, also where value is 0 or 1: there excess has a root at value itself.
    inside = min(max(value, 1e-9), 1 - 1e-9)
    low = 0.0 if value <= 0 else float(brentq(excess, 0.0, inside))
    high = 1.0 if value >= 1 else float(brentq(excess, inside, 1.0))
    return Auc(value, low, high, a + b, a, b)


def flip_rates(margins: NDArray[np.floating], flipped: NDArray[np.bool_], quantiles: int = 10) -> tuple[FlipRate, ...]:
    """Flip rate in each of `quantiles` groups of nearly equal size, by rising margin; fewer when n is smaller."""
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
    """Exact McNemar p-value, two-sided: were losses and gains equally likely? (McNemar 1947; binomial)."""
    if lost + gained == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(min(lost, gained), lost + gained, 0.5).pvalue)
