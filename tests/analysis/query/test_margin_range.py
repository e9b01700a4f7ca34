"""A range of margins beside what else is filtered."""

import pytest

from thinice_tui.analysis.query.margin_range import with_margins


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "margin=0..1"),
        ("label=cat", "label=cat margin=0..1"),
        ("label=cat margin=2..3", "label=cat margin=0..1"),
        ("cat or dog", "(cat or dog) margin=0..1"),
        ("cat OR dog", "(cat OR dog) margin=0..1"),
        ("(cat or dog) margin=..3", "(cat or dog) margin=0..1"),
        ("(cat) or (dog)", "((cat) or (dog)) margin=0..1"),
        ('label="a  b" ', 'label="a  b" margin=0..1'),
    ],
)
def test_what_else_is_filtered_stays(before: str, after: str) -> None:
    assert with_margins(before, "0..1") == after
    rest = before.strip().removesuffix(" margin=2..3").removesuffix(" margin=..3")
    assert with_margins(after, "0..1") in (rest, rest.removeprefix("(").removesuffix(")"))


def test_another_range_takes_the_place_of_the_one_before() -> None:
    assert with_margins("margin=0..1", "1..2") == "margin=1..2"
    assert with_margins("margin=1..2", "1..2") == ""
