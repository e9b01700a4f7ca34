"""Fields are found by their name as it may be typed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.analysis.query.sentences import FIELDS, rows
from thinice_tui.analysis.query.fields import NumberField, find_field, fold


def test_a_field_is_found_by_its_very_name_first() -> None:
    one, two = NumberField(np.array([1, 2])), NumberField(np.array([2, 1]))
    fields = {"A b": one, "a_b": two, "or": two, "straße": one}
    assert rows('"A b"=1', fields) == [True, False]
    assert rows("a_b=1", fields) == [False, True]
    assert rows("a-b=1", fields) == [True, False]
    assert rows('a_b=1 "or"=1', fields) == [False, True]
    assert rows("STRASSE=1", fields) == [True, False]


@given(st.text())
def test_folding_is_done_once_for_all(name: str) -> None:
    assert fold(name.replace("-", "_")) == fold(name.replace("_", "-")) == fold(name)


def test_a_name_of_no_field_finds_none() -> None:
    assert find_field("nofield", FIELDS) is None and find_field("", FIELDS) is None
    assert find_field("BROKEN-BY", FIELDS) is FIELDS["broken_by"]
