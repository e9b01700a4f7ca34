"""The four sets of two correctness masks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from thinice_tui.analysis.flip_sets import SETS, flip_sets


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=50))
def test_the_four_sets_partition_and_nfr_minus_pfr_is_the_difference(pairs: list[tuple[bool, bool]]) -> None:
    first, second = (np.array(column) for column in zip(*pairs, strict=True))
    sets = flip_sets(first, second)
    counts = sets.counts()
    assert sum(counts.values()) == len(pairs)
    assert (np.sum(sets.masks(), axis=0) == 1).all()
    assert counts["S10"] - counts["S01"] == first.sum() - second.sum()


def test_the_first_digit_is_dense_and_the_second_the_other_model() -> None:
    sets = flip_sets(np.array([True, True, False, False]), np.array([True, False, True, False]))
    assert SETS == ("S11", "S10", "S01", "S00")
    assert [np.flatnonzero(sets.by_name()[name]).tolist() for name in SETS] == [[0], [1], [2], [3]]
