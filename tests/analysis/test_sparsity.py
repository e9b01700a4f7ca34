"""Zeros and removed parameters are told apart."""

from dataclasses import replace

import pytest

from tests.fake_runs import record
from thinice_tui.analysis.sparsity import removed, sparsity_words

DENSE = replace(record("dense", "dense"), parameters=4000, sparsity_conv_linear=0.0)


@pytest.mark.parametrize(
    ("zeros", "parameters", "words"),
    [
        (0.0, 4000, ("0.0 % zeros",)),
        (0.9, 4000, ("90.0 % zeros",)),
        (0.0, 1036, ("74.1 % removed",)),
        (0.5, 3000, ("50.0 % zeros", "25.0 % removed")),
        (0.0004, 3999, ("0.0 % zeros",)),
        (0.0004, 2000, ("50.0 % removed",)),
        (0.25, 8000, ("25.0 % zeros",)),
    ],
)
def test_the_words_say_which(zeros: float, parameters: int, words: tuple[str, ...]) -> None:
    assert sparsity_words(replace(DENSE, parameters=parameters, sparsity_conv_linear=zeros), DENSE) == words


def test_removed_is_a_fraction_of_the_dense_parameters() -> None:
    assert removed(replace(DENSE, parameters=1000), DENSE) == 0.75
    assert removed(replace(DENSE, parameters=5000), DENSE) == removed(DENSE, replace(DENSE, parameters=0)) == 0
