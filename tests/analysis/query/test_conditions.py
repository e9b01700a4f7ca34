"""The values of one condition: lists, ranges, unknown values and precision."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.analysis.query.sentences import error_of, rows
from thinice_tui.analysis.query.fields import NameField, NumberField
from thinice_tui.analysis.query.parse import matches

values = hnp.arrays(np.float64, st.integers(0, 30), elements=st.floats() | st.sampled_from([0.0, 0.5, 1.0, np.nan]))
finite = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 0.5, 1.0])
dtypes = st.sampled_from([np.float64, np.float32, np.float16])


@given(values, dtypes, st.lists(finite.filter(lambda x: abs(x) < 6e4), min_size=2, max_size=4))
def test_lists_are_unions_ranges_two_comparisons_and_differs_the_complement(
    numbers: NDArray[np.float64], dtype: type[np.floating], typed: list[float]
) -> None:
    with np.errstate(all="ignore"):
        held = numbers.astype(dtype)
    fields = {"x": NumberField(held)}
    (low, high), listed = map(repr, typed[:2]), ",".join(map(repr, typed))

    def found(text: str) -> NDArray[np.bool_]:
        return matches(text, fields)

    equal = np.isin(held, np.array(typed, dtype=dtype))
    assert (found(f"x={listed}") == equal).all()
    assert (found(f"x!={listed}") == ~equal).all()
    assert (found(f"x={low}..{high}") == found(f"x>={low} x<={high}")).all()
    assert (found(f"x={low}..") == found(f"x>={low}")).all()
    assert (found(f"x=..{high}") == found(f"x<={high}")).all()
    assert (found("x=..") == ~np.isnan(held)).all()
    assert (found("x=none") == np.isnan(held)).all()
    assert (found("x!=?") == ~np.isnan(held)).all()
    assert (found(f"x=none,{low}..{high}") == (found("x=?") | found(f"x={low}..{high}"))).all()
    places = found(f"x<{low}").astype(int) + found(f"x={low}") + found(f"x>{low}")
    assert (places == ~np.isnan(held)).all(), "a known number is below, at or above; an unknown one nowhere"


def test_a_number_is_typed_in_the_precision_of_a_float_field_and_compared_exactly_with_whole_ones() -> None:
    fields = {"x": NumberField(np.array([0.1, 8 / 255], dtype=np.float32))}
    assert rows("x=0.1", fields) == [True, False]
    assert rows("x<=8/255", fields) == [False, True]
    whole = {"x": NumberField(np.array([-3, 100], dtype=np.int8))}
    assert rows("x=100.0001,none", whole) == [False, False]
    assert rows("x>-3.5 x<300", whole) == [True, True]


def test_a_name_that_is_called_none_comes_before_the_unknown() -> None:
    fields = {"f": NameField(np.array([-1, 0, 1]), ("None", "b"))}
    assert rows("f=none", fields) == [False, True, False]
    assert rows("f=?", fields) == [True, False, False]
    assert "no name" in error_of('f="?"', fields).message


def test_the_closest_of_many_names_are_suggested_and_a_long_value_is_cut() -> None:
    fields = {"f": NameField(np.array([0]), tuple(f"class {letter}{letter}" for letter in "abcdefghijkl"))}
    assert 'did you mean "class cc"' in error_of("f=klass_cc", fields).message
    assert "and 4 more" in error_of("f=12345678", fields).message
    assert "x" * 41 not in error_of("f=" + "x" * 500, fields).message
    assert "there are none" in error_of("f=a", {"f": NameField(np.array([-1]), ())}).message
