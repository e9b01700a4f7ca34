"""The paired test, on cases that can be counted by hand."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from thinice_tui.engine.preflight.significance import significantly_better


def test_the_images_that_exactly_one_classifies_correctly_decide() -> None:
    right = np.ones(100, dtype=np.bool_)
    slightly, clearly = right.copy(), right.copy()
    slightly[:3], clearly[:10] = False, False
    assert not significantly_better(right, slightly), "3 images: 3 < 2 √3"
    assert significantly_better(right, clearly), "10 images: 10 > 2 √10"
    assert not significantly_better(clearly, right)
    assert not significantly_better(right, clearly, 4.0), "10 < 4 √10"


def test_a_second_model_that_agrees_adds_no_evidence() -> None:
    right = np.ones((2, 100), dtype=np.bool_)
    slightly = right.copy()
    slightly[:, :3] = False
    assert not significantly_better(right, slightly)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.5, 5))
def test_it_is_mcnemars_test(only_first: int, only_second: int, errors: float) -> None:
    first = np.array([True] * only_first + [False] * only_second + [True])
    second = np.array([False] * only_first + [True] * only_second + [True])
    expected = only_first - only_second > errors * math.sqrt(only_first + only_second)
    assert significantly_better(first, second, errors) == expected
    assert not (significantly_better(first, second, errors) and significantly_better(second, first, errors))
