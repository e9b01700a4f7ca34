"""The difference of two shares of the same samples, and Holm's correction for several tests. Pure functions."""

import math
from collections.abc import Sequence

import numpy as np

from thinice_tui.analysis.correctness import Mask
from thinice_tui.analysis.proportions import CONFIDENCE, Estimate, unknown

DRAWS = 2000
SEED = 0
METHOD = f"paired bootstrap over samples, {DRAWS} draws"


def paired_difference(first: Mask, second: Mask) -> Estimate:
    """The share of `first` minus the share of `second`, of the same samples, bool [n] each; in [−1,1].

    The interval is the percentile interval of a paired bootstrap over samples. Only samples that are in one mask alone
    matter, so each draw is a multinomial one of three counts. One sample more in each of these two cells (Bonett and
    Price 2012, J. Educ. Behav. Stat. 37:479) keeps an interval where none was seen.
    """
    n = len(first)
    more, fewer = int((first & ~second).sum()), int((second & ~first).sum())
    if n == 0:
        return unknown(method=METHOD)
    value = (more - fewer) / n
    cells = np.array([more + 1, fewer + 1, n - more - fewer]) / (n + 2)
    counts = np.random.default_rng(SEED).multinomial(n, cells, size=DRAWS)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile((counts[:, 0] - counts[:, 1]) / n, [tail, 1 - tail])
    return Estimate(value, min(value, float(low)), max(value, float(high)), n, method=METHOD)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given (Holm 1979, Scand. J. Statist. 6:65).

    A NaN is no test, and stays.
    """
    adjusted = [math.nan] * len(p_values)
    tests = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    largest = 0.0
    for rank, (p, place) in enumerate(tests):
        largest = max(largest, min(1.0, (len(tests) - rank) * p))
        adjusted[place] = largest
    return adjusted
