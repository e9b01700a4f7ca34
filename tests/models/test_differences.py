"""How names and shapes differ, in words."""

from thinice_tui.models.differences import Differences, compare, some


def test_names_and_shapes_are_compared_without_counters() -> None:
    expected = {"a.weight": (2, 3), "a.bias": (2,), "a.num_batches_tracked": (), "b": None}
    found = {"a.weight": (2, 4), "c": (1,), "c.num_batches_tracked": (), "b": (9, 9)}
    differ = compare(expected, found)
    assert differ == Differences(("a.bias",), ("c",), ("a.weight is 2×4, expected 2×3",))
    assert str(differ) == "missing a.bias; unexpected c; a.weight is 2×4, expected 2×3"
    assert differ.counted == "3 differences" and not differ.only_shapes


def test_one_difference_is_one() -> None:
    differ = compare({"a": (2,)}, {"a": ()})
    assert differ.counted == "1 difference" and differ.only_shapes
    assert str(differ) == "a is a number, expected 2"
    assert compare({"a": (2,)}, {"a": (2,)}).count == 0


def test_long_lists_are_cut_short() -> None:
    assert some("missing", ("a", "b", "c", "d", "e")) == "missing a, b, c and 2 more"
    assert some("missing", ()) == ""
