"""A range that a click adds to a filter."""

import pytest

from thinice_tui.analysis.query.ranges import with_range


@pytest.mark.parametrize("before", ["", "set=S10", "label=cat or label=dog", "(a=1 or b=2) c=3", "distance=0..1"])
def test_the_same_click_twice_gives_the_filter_of_before(before: str) -> None:
    once = with_range(before, "margin", "0.5..1")
    assert once.endswith("margin=0.5..1")
    assert with_range(once, "margin", "0.5..1") == before


def test_another_range_takes_its_place() -> None:
    once = with_range("label=cat or label=dog", "margin", "0..1")
    assert once == "(label=cat or label=dog) margin=0..1"
    assert with_range(once, "margin", "1..2") == "(label=cat or label=dog) margin=1..2"
    assert with_range("distance=0..1", "margin", "1..2") == "distance=0..1 margin=1..2"
