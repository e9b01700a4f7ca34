"""The parts of remedies that can be computed by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinice_tui.engine.preflight.remedies import MIN_IMAGES, Remedy, above_chance, best_class_map


@given(st.permutations(range(6)))
def test_the_best_class_map_finds_a_permutation(order: list[int]) -> None:
    labels = np.arange(60) % 6
    assert best_class_map(labels, np.array(order)[labels], 6) == dict(enumerate(order))


def test_each_class_is_given_to_one_label_only() -> None:
    """Both labels are mostly predicted as class 2; the one with more such images gets it."""
    labels = np.array([0] * 10 + [5] * 10)
    predicted = np.array([2] * 9 + [1] + [2] * 6 + [0] * 4)
    assert best_class_map(labels, predicted, 3) == {0: 2, 5: 0}


def test_the_way_from_chance_to_one() -> None:
    assert above_chance(0.1, 0) == pytest.approx(0.1) and above_chance(0.1, 1) == 1
    assert above_chance(0.2, 0.15) == pytest.approx(0.32)


def test_a_remedy_helps_where_it_is_significantly_better_on_enough_images() -> None:
    without, fixed = np.zeros(MIN_IMAGES, dtype=np.bool_), np.ones(MIN_IMAGES, dtype=np.bool_)
    assert Remedy("a", fixed, without).helps(1.0) and Remedy("a", fixed, without).accuracy == 1
    assert not Remedy("a", fixed[1:], without[1:]).helps(0.0), "too few images"
    assert not Remedy("a", without, without).helps(0.0), "no better than before"
    few = without.copy()
    few[:9] = True
    assert not Remedy("a", few, without).helps(0.0), "9 = 3 √9"
    few[:10] = True
    assert Remedy("a", few, without).helps(0.3) and not Remedy("a", few, without).helps(0.4)
