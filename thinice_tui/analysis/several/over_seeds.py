"""A number over training seeds: mean, all values, range; an interval from five seeds on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thinice_tui.analysis.proportions import CONFIDENCE, Estimate, unknown

FEWEST_FOR_INTERVAL = 5


@dataclass(frozen=True)
class OverSeeds:
    """values: one a seed, NaN where a run does not know it; mean: of the known ones, with an interval from five on."""

    values: tuple[float, ...]
    mean: Estimate

    @property
    def least(self) -> float:
        return min((value for value in self.values if not math.isnan(value)), default=math.nan)

    @property
    def most(self) -> float:
        return max((value for value in self.values if not math.isnan(value)), default=math.nan)


def over_seeds(values: Sequence[float]) -> OverSeeds:
    """The mean of `values`, one a seed, with Student's t interval where at least five are known."""
    known = np.array([value for value in values if not math.isnan(value)])
    n = len(known)
    if n == 0:
        return OverSeeds(tuple(values), unknown(method="none"))
    mean = float(known.mean())
    if n < FEWEST_FOR_INTERVAL:
        return OverSeeds(tuple(values), unknown(n, mean, f"none: fewer than {FEWEST_FOR_INTERVAL} seeds"))
    from scipy.stats import t

    reach = float(t.ppf(0.5 + CONFIDENCE / 2, n - 1) * known.std(ddof=1) / math.sqrt(n))
    return OverSeeds(tuple(values), Estimate(mean, mean - reach, mean + reach, n, method=f"Student's t over {n} seeds"))
