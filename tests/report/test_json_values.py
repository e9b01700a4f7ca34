"""Numbers as JSON values."""

import json
import math

import pytest

from thinice_tui.analysis.proportions import proportion, unknown
from thinice_tui.report.json_values import estimate_of, finite, interval_of, number, value_of


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_null(value: float) -> None:
    assert number(value) is None and number(0.5) == 0.5
    assert finite({"a": [value, {"b": value}], "c": 1}) == {"a": [None, {"b": None}], "c": 1}


def test_an_estimate_names_its_method() -> None:
    found = estimate_of(proportion(3, 10))
    assert list(found) == ["value", "low", "high", "n", "method"] and found["method"] == "Wilson"
    assert interval_of(None) is None and value_of(None) is None
    assert json.loads(json.dumps(estimate_of(unknown(4)), allow_nan=False))["value"] is None
