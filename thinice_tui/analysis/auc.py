"""The AUC of a margin between flipped and kept samples, with its interval. Pure functions on arrays.

scipy is imported inside functions: a view appears before scipy has loaded.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.proportions import Estimate, Z

MINIMUM = 12
"""Samples that each group needs for an interval and a verdict."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Auc(Estimate):
    """P(margin of a flipped sample < margin of a kept one) + ½ P(equal); n = flipped + kept.

    The interval is NaN where either group has fewer than MINIMUM samples.
    """

    flipped: int
    kept: int
    method: str = field(default="union of Newcombe's method 5 and DeLong on the logit scale", kw_only=True)

    @property
    def shown(self) -> str:
        """The estimate with its interval, where it has one."""
        if math.isnan(self.value):
            return "–"
        return f"{self.value:.2f}" + ("" if math.isnan(self.low) else f" [{self.low:.2f}, {self.high:.2f}]")

    @property
    def verdict(self) -> str:
        """What the interval allows to say in words: an association or none, never a cause."""
        if min(self.flipped, self.kept) < MINIMUM:
            return "too few flips to tell" if self.flipped < MINIMUM else "too few unflipped samples to tell"
        if self.low > 0.5:
            return "flips go with low margins"
        if self.high < 0.5:
            return "flips go with high margins"
        return "no association seen"


def auc(flipped: NDArray[np.floating], kept: NDArray[np.floating]) -> Auc:
    """How well margins tell flipped from kept samples: 1 − U/(n·m) of Mann and Whitney, ties half.

    The interval is that of `auc_intervals`, NaN where either group has fewer than MINIMUM samples. Unknown margins
    (NaN) are left out and not counted.
    """
    flipped, kept = flipped[~np.isnan(flipped)], kept[~np.isnan(kept)]
    a, b = len(flipped), len(kept)
    if a == 0 or b == 0:
        return Auc(math.nan, math.nan, math.nan, a + b, a, b)
    if min(a, b) < MINIMUM:
        value = float(placements(flipped[None], kept[None])[1].mean())
        return Auc(value, math.nan, math.nan, a + b, a, b)
    value, low, high = (float(each[0]) for each in auc_intervals(flipped[None], kept[None]))
    return Auc(value, low, high, a + b, a, b)


def auc_intervals(flipped: NDArray[np.floating], kept: NDArray[np.floating]) -> tuple[Floats, Floats, Floats]:
    """AUC of each of s pairs of groups, [s,a] and [s,b], a and b at least 2, and the ends of its 95 % interval, [s].

    The interval spans two others. Method 5 of Newcombe 2006 (Statistics in Medicine 25:559), the values θ whose
    Hanley-McNeil standard error reaches the estimate, is sound where samples separate, and too narrow where one
    group spreads wider than the other. The estimate ± z standard errors on the logit scale, these from the placements
    (DeLong et al. 1988, Biometrics 44:837), takes the spreads as they are, and has no width where samples separate.
    """
    below, above = placements(flipped, kept)
    a, b = below.shape[1], above.shape[1]
    value: Floats = above.mean(axis=1)
    variance: Floats = below.var(axis=1, ddof=1) / a + above.var(axis=1, ddof=1) / b
    newcombe_low, newcombe_high = newcombe_interval(value, a, b)
    logit_low, logit_high = _logit_interval(value, variance)
    return value, np.minimum(newcombe_low, logit_low), np.maximum(newcombe_high, logit_high)


def placements(flipped: NDArray[np.floating], kept: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """For each flipped sample the share of kept ones below it, [s,a], and the other way round, [s,b]; ties half."""
    from scipy.stats import rankdata

    a, b = flipped.shape[1], kept.shape[1]
    ranks = rankdata(np.concatenate([flipped, kept], axis=1), axis=1)
    return (ranks[:, :a] - rankdata(flipped, axis=1)) / b, (ranks[:, a:] - rankdata(kept, axis=1)) / a


def newcombe_interval(value: Floats, a: int, b: int) -> tuple[Floats, Floats]:
    """Method 5 of Newcombe 2006 alone, for AUCs [s] of groups of a and b samples: low and high, [s]."""
    shape = (a + b) / 2 - 1

    def inside(theta: Floats) -> NDArray[np.bool_]:
        """Whether the estimate is within z standard errors of θ, by the variance under θ."""
        spread = 1 + shape * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        reached: NDArray[np.bool_] = (value - theta) ** 2 <= Z**2 * theta * (1 - theta) * spread / (a * b)
        return reached

    low, high = value.copy(), value.copy()
    for step in 0.5 ** np.arange(1, 40):  # outwards in halving steps, as long as θ stays inside
        low = np.where((low >= step) & inside(np.maximum(low - step, 0.0)), low - step, low)
        high = np.where((high + step <= 1) & inside(np.minimum(high + step, 1.0)), high + step, high)
    return low, high


def _logit_interval(value: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """value ± z standard errors on the logit scale, [s]; the value itself where it is 0 or 1, or its variance 0."""
    from scipy.special import expit, logit

    usable = (variance > 0) & (value > 0) & (value < 1)
    theta = np.where(usable, value, 0.5)
    reach = Z * np.sqrt(variance) / (theta * (1 - theta))
    low, high = expit(logit(theta) - reach), expit(logit(theta) + reach)
    return np.where(usable, low, value), np.where(usable, high, value)
