"""Means and ranges over seeds; intervals from five on, against scipy and by coverage."""

import math

import numpy as np
import pytest
from scipy.stats import sem, t

from thinice_tui.analysis.several.over_seeds import over_seeds


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_below_five_seeds_there_is_no_interval(n: int) -> None:
    found = over_seeds([0.1 * k for k in range(n)])
    assert found.mean.value == pytest.approx(np.mean(found.values)) and math.isnan(found.mean.low)
    assert found.mean.method == "none: fewer than 5 seeds"
    assert (found.least, found.most) == (0, max(found.values))


def test_from_five_on_the_interval_is_students() -> None:
    values = [0.31, 0.33, 0.29, 0.35, 0.3, 0.32]
    found = over_seeds(values).mean
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, 5, np.mean(values), sem(values)))
    assert found.method == "Student's t over 6 seeds" and found.n == 6


def test_it_covers() -> None:
    """Exactly 95 % for normal values; three Monte-Carlo errors of 600 draws are 2.7 points."""
    random = np.random.default_rng(0)
    found = [over_seeds(random.normal(0.3, 0.02, 5).tolist()).mean for _ in range(600)]
    assert 0.923 <= np.mean([one.low <= 0.3 <= one.high for one in found]) <= 0.977


def test_unknown_values_do_not_count() -> None:
    found = over_seeds([0.1, math.nan, 0.3])
    assert found.mean.value == pytest.approx(0.2) and found.mean.n == 2 and len(found.values) == 3
    assert math.isnan(over_seeds([math.nan]).mean.value) and math.isnan(over_seeds([math.nan]).least)
