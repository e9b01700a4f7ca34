"""Pruning-identified exemplars, against a loop over samples with Counter."""

from collections import Counter

import numpy as np
import pytest

from thinice_tui.analysis.several.exemplars import exemplars, modal


@pytest.mark.parametrize("seeds", [3, 4, 5])
def test_they_are_those_of_hooker(seeds: int) -> None:
    random = np.random.default_rng(seeds)
    dense, pruned = random.integers(0, 3, (2, seeds, 300))
    dense_holds, pruned_holds = random.random((2, seeds, 300)) < 0.5
    found = exemplars(list(dense), list(pruned), list(dense_holds), list(pruned_holds))
    assert found is not None
    for sample in range(300):
        votes = [Counter(one[:, sample].tolist()).most_common() for one in (dense, pruned)]
        tied = any(len(one) > 1 and one[0][1] == one[1][1] for one in votes)
        assert found.clean_ties[sample] == tied
        assert found.clean[sample] == (not tied and votes[0][0][0] != votes[1][0][0])
        held, kept = int(dense_holds[:, sample].sum()), int(pruned_holds[:, sample].sum())
        assert found.lost[sample] == (2 * held > seeds > 2 * kept)
        assert found.gained[sample] == (2 * kept > seeds > 2 * held)
        assert found.ties[sample] == (seeds in (2 * held, 2 * kept))


def test_below_three_seeds_there_are_none() -> None:
    two = [np.zeros(4, np.int32)] * 2
    assert exemplars(two, two, [np.ones(4, bool)] * 2, [np.ones(4, bool)] * 2) is None


def test_the_modal_prediction_of_one_model_is_its_own() -> None:
    chosen, tied = modal(np.array([[2, 0, 1]]))
    assert chosen.tolist() == [2, 0, 1] and not tied.any()
