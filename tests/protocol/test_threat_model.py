"""Budgets as typed, and distances as shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinice_tui.errors import UsageError
from thinice_tui.protocol.threat_model import NORM_ROWS, NORMS, Epsilon, Norm


@pytest.mark.parametrize(("text", "value"), [("8/255", 8 / 255), ("0.5", 0.5), (" 1e-3 ", 1e-3), ("3 / 4", 0.75)])
def test_a_budget_is_a_number_or_a_fraction(text: str, value: float) -> None:
    assert Epsilon.parse(text) == Epsilon(text.strip(), value)


@pytest.mark.parametrize("text", ["", "0", "-1", "1/0", "nan", "inf", "8/255/2", "eight", "1e999"])
def test_what_is_no_positive_number_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a positive number"):
        Epsilon.parse(text)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_fractions_mean_what_they_say(over: int, under: int) -> None:
    assert Epsilon.parse(f"{over}/{under}").value == over / under


@pytest.mark.parametrize(
    ("norm", "shown", "axis"), [("Linf", "4.21/255", " in 1/255"), ("L2", "0.0165", ""), ("L1", "0.0165", "")]
)
def test_a_distance_is_shown_in_the_norms_unit(norm: Norm, shown: str, axis: str) -> None:
    assert NORM_ROWS[norm].shown(4.21 / 255) == shown and NORM_ROWS[norm].axis_unit == axis


@pytest.mark.parametrize("norm", NORMS)
def test_the_default_budget_is_one_that_is_allowed(norm: Norm) -> None:
    row = NORM_ROWS[norm]
    assert 0 < Epsilon.parse(row.default_eps).value < row.trivial_eps
