"""What a click on a bin does to the filter."""

import pytest

from thinice_tui.tui.margin_filter import with_margins


@pytest.mark.parametrize(
    ("query", "filtered"),
    [
        ("", "margin=0..1"),
        (" set=S10 ", "set=S10 margin=0..1"),
        ("set=S10 margin=1..2", "set=S10 margin=0..1"),
        ("label=cat or label=dog", "(label=cat or label=dog) margin=0..1"),
        ("(label=cat) or (label=dog)", "((label=cat) or (label=dog)) margin=0..1"),
        ("(label=cat or label=dog)", "(label=cat or label=dog) margin=0..1"),
    ],
)
def test_a_range_joins_the_filter_and_a_second_click_takes_it_back(query: str, filtered: str) -> None:
    assert with_margins(query, "0..1") == filtered
    rest = with_margins(filtered, "0..1")
    assert rest in (query.strip(), query.removeprefix("(").removesuffix(")"), "set=S10")


def test_it_replaces_its_own_range_alone() -> None:
    assert with_margins("margin<2 set=S10", "0..") == "margin<2 set=S10 margin=0.."
