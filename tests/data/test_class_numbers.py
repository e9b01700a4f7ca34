"""Class names are numbered by what determines them, and refused where nothing does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinice_tui.data.class_numbers import described_numbering, number_classes
from thinice_tui.errors import DataError


def test_known_names_give_their_places() -> None:
    found = number_classes(["dog", "cat", "dog"], ["bird", "cat", "dog"], "a", "")
    assert found.numbers == {"bird": 0, "cat": 1, "dog": 2} and found.class_names == ("bird", "cat", "dog")
    assert found.how == "by their place in class_names: cat → 1, dog → 2" and not found.by_order


def test_names_that_spell_numbers_are_these_numbers() -> None:
    found = number_classes(["10", "2", "007"], (), "a", "")
    assert found.numbers == {"007": 7, "10": 10, "2": 2} and found.class_names == () and not found.by_order


@given(st.sets(st.text("abcdefg", min_size=1), min_size=1, max_size=30))
def test_other_names_are_numbered_by_their_order(names: set[str]) -> None:
    found = number_classes(names, (), "a", "")
    assert found.by_order and sorted(names, key=lambda name: found.numbers[name]) == sorted(names)
    assert sorted(found.numbers.values()) == list(range(len(names))) and found.class_names == tuple(sorted(names))


def test_all_wordnet_ids_are_numbered_by_their_order_and_fewer_are_refused() -> None:
    ids = [f"n{number:08}" for number in range(1000)]
    assert number_classes(ids, (), "a", "").numbers["n00000999"] == 999
    with pytest.raises(DataError, match="a: has 999 WordNet ids as classes") as caught:
        number_classes(ids[:-1], (), "a", "give a map")
    assert caught.value.do.startswith("give a map")


@pytest.mark.parametrize(
    ("names", "known", "message"),
    [
        (["cat", "car"], ["cat", "automobile"], r"classes \(car\) that are not among class_names \(cat, automobile\)"),
        (["1", "01"], (), "several classes of one number"),
        (["1", "20240101"], (), "numbers up to 20240101, which are no labels"),
        (["1", "10000000000"], (), "numbers of ten digits and more"),
    ],
)
def test_names_that_nothing_numbers_are_refused(names: list[str], known: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        number_classes(names, known, "a", "give a map")


def test_a_description_shows_six_names_and_the_last() -> None:
    names = [f"c{number}" for number in range(10)]
    found = described_numbering({name: number for number, name in enumerate(names)}, (), names, "by a file")
    assert found.how == "by a file: c0 → 0, c1 → 1, c2 → 2, c3 → 3, c4 → 4, c5 → 5, …, c9 → 9 (10 in all)"
