"""Proportions and flip rates with their intervals, and McNemar's test. Pure functions on arrays.

scipy is imported inside functions: a view appears before scipy has loaded.
"""

import math
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
WILSON = "Wilson"


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, from n samples; NaN where n is too small. Fractions are in [0,1]."""

    value: float
    low: float
    high: float
    n: int
    method: str = field(default=WILSON, kw_only=True)
    """How the interval was computed, in the words of a report."""

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    def in_words(self, unit: str = "%") -> str:
        """A fraction in a sentence, `6.1 % [4.8, 7.8]`; – where it is not known."""
        if not self.known:
            return "–"
        interval = "" if math.isnan(self.low) else f" [{100 * self.low:.1f}, {100 * self.high:.1f}]"
        return f"{100 * self.value:.1f} {unit}{interval}"


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


def unknown(n: int = 0, value: float = math.nan, method: str = WILSON) -> Estimate:
    """An estimate without an interval, and where `value` is not given without a value."""
    return Estimate(value, math.nan, math.nan, n, method=method)


def proportion(successes: int, n: int) -> Estimate:
    """successes / n with its Wilson score interval."""
    if n == 0:
        return unknown()
    low, high = wilson(successes / n, n)
    return Estimate(successes / n, low, high, n)


def wilson(share: float, n: float) -> tuple[float, float]:
    """The 95 % score interval of a share of n samples (Wilson 1927); n may be an effective sample size."""
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return (0.0 if share == 0 else max(0.0, middle - reach)), (1.0 if share == 1 else min(1.0, middle + reach))


def flip_rates(margins: NDArray[np.floating], flipped: NDArray[np.bool_], quantiles: int = 10) -> tuple[FlipRate, ...]:
    """Flip rate in each of `quantiles` groups of nearly equal size by rising margin; n groups where n is smaller."""
    rates = []
    for group in groups_by_margin(margins, quantiles):
        flips = int(flipped[group].sum())
        share = proportion(flips, len(group))
        edges = float(margins[group[0]]), float(margins[group[-1]])
        rates.append(FlipRate(*edges, len(group), flips, share.value, share.low, share.high))
    return tuple(rates)


def groups_by_margin(margins: NDArray[np.floating], quantiles: int) -> list[NDArray[np.int64]]:
    """Positions in `quantiles` groups of nearly equal size by rising margin; n groups where n is smaller."""
    order = np.argsort(margins, kind="stable")
    return list(np.array_split(order, max(1, min(quantiles, len(order))))) if len(order) else []


def mcnemar(lost: int, gained: int) -> float:
    """Exact two-sided McNemar p-value, binomial: are losses and gains equally likely? (McNemar 1947)."""
    if lost + gained == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(min(lost, gained), lost + gained, 0.5).pvalue)
