"""Paired differences and Holm's correction, against closed forms, statsmodels and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from tests.benchmarks.loss_coverage import difference_coverage
from thinice_tui.analysis.paired import holm, paired_difference
from thinice_tui.analysis.proportions import Z


def masks(both: int, more: int, fewer: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    counts = [both, more, fewer, neither]
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


@pytest.mark.parametrize(
    ("more", "fewer", "n"), [(46, 13, 1000), (200, 11, 1000), (0, 0, 500), (300, 300, 1000), (7, 0, 100)]
)
def test_the_bootstrap_is_near_the_closed_form_of_bonett_and_price(more: int, fewer: int, n: int) -> None:
    """Their interval is the normal one of the same shares; 2000 draws leave a tenth of its standard error."""
    found = paired_difference(*masks(10, more, fewer, n - 10 - more - fewer))
    one, other = (more + 1) / (n + 2), (fewer + 1) / (n + 2)
    error = math.sqrt((one + other - (one - other) ** 2) / n)
    near = 0.15 * error + 1 / n  # shares come in steps of 1/n
    assert found.value == (more - fewer) / n and found.n == n
    assert found.low == pytest.approx(one - other - Z * error, abs=near + (error if more + fewer < 10 else 0))
    assert found.high == pytest.approx(one - other + Z * error, abs=near + (error if more + fewer < 10 else 0))
    assert "bootstrap" in found.method and "2000" in found.method


@pytest.mark.parametrize(
    ("n", "more", "fewer"), [(200, 0.0, 0.0), (200, 0.05, 0.005), (1000, 0.01, 0.0), (1000, 0.2, 0.1)]
)
def test_the_paired_interval_covers(n: int, more: float, fewer: float) -> None:
    assert difference_coverage(n, more, fewer, draws=400, seed=1).covered >= 0.925


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_a_difference_is_inside_its_interval_and_mirrors(pairs: list[tuple[bool, bool]]) -> None:
    first, second = np.array(pairs, dtype=bool).T
    found, mirrored = paired_difference(first, second), paired_difference(second, first)
    assert found.value == first.mean() - second.mean() or found.value == pytest.approx(first.mean() - second.mean())
    assert -1 <= found.low <= found.value <= found.high <= 1 and found.low < found.high
    assert mirrored.value == -found.value and paired_difference(first, second) == found, "seeded"


def test_a_difference_of_nothing_is_unknown() -> None:
    assert not paired_difference(np.zeros(0, bool), np.zeros(0, bool)).known


@pytest.mark.parametrize(
    "p_values", [[0.03], [0.01, 0.04, 0.03], [0.5, 0.001, 0.02, 0.02], [1.0, 1.0, 0.0], [0.04, 0.01, 0.9, 0.013, 0.2]]
)
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist(), abs=1e-9)


def test_holm_counts_only_tests_that_were_made() -> None:
    corrected = holm([0.01, math.nan, 0.04])
    assert corrected[0] == 0.02 and math.isnan(corrected[1]) and corrected[2] == 0.04
    assert holm([]) == []
