"""Checked values: of the kind that is expected, and a bool is no number."""

import pytest

from thinice_tui.runfile.checked import NUMBER, checked, field, optional


@pytest.mark.parametrize(("value", "kind"), [(1, int), (1.5, NUMBER), ("a", str), ([], list), (True, bool)])
def test_a_value_of_its_kind_is_returned(value: object, kind: type) -> None:
    assert checked(value, kind, "it") is value
    assert field({"it": value}, "it", kind) is optional({"it": value}, "it", kind) is value


@pytest.mark.parametrize(("value", "kind"), [(True, int), (False, NUMBER), ("1", int), (None, str), (1.0, int)])
def test_a_value_of_another_kind_is_named(value: object, kind: type) -> None:
    with pytest.raises(ValueError, match=f"it is {value!r}"):
        checked(value, kind, "it")


def test_a_missing_value_is_an_error_unless_it_is_optional() -> None:
    with pytest.raises(KeyError, match="it"):
        field({}, "it", int)
    assert optional({}, "it", int) is None and optional({"it": None}, "it", int) is None
    with pytest.raises(ValueError, match="it is 'x'"):
        optional({"it": "x"}, "it", int)
