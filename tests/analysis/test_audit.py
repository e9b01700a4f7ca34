"""The audit of a fast ensemble: the exact bound on what it can have missed."""

from itertools import combinations

import numpy as np
import pytest

from thinice_tui.analysis.audit import missed_bound


def probability_of_at_most(broken: int, standing: int, fall: int, audited: int) -> float:
    """P(X ≤ broken), by counting every choice of the audit."""
    choices = list(combinations(range(standing), audited))
    return sum(sum(sample < fall for sample in choice) <= broken for choice in choices) / len(choices)


@pytest.mark.parametrize(("standing", "audited"), [(7, 3), (8, 8), (9, 1), (10, 5), (6, 0)])
def test_the_bound_is_the_largest_number_that_the_audit_does_not_exclude(standing: int, audited: int) -> None:
    for broken in range(audited + 1):
        possible = range(broken, standing - audited + broken + 1)
        kept = [fall for fall in possible if probability_of_at_most(broken, standing, fall, audited) > 0.05]
        assert missed_bound(standing, audited, broken) == max(kept) - broken


def test_known_bounds() -> None:
    assert missed_bound(300, 300, 4) == 0, "everything was audited"
    assert missed_bound(300, 0, 0) == 300, "nothing was"
    assert missed_bound(1000, 100, 0) == 28, "about 3/n of the population, the rule of three"


@pytest.mark.parametrize(("standing", "fall"), [(60, 0), (60, 2), (300, 7), (300, 40)])
def test_it_covers_in_at_least_95_of_100_audits(standing: int, fall: int) -> None:
    random, audited, draws = np.random.default_rng(0), max(16, standing // 8), 2000
    broken = random.hypergeometric(fall, standing - fall, audited, draws) if fall else np.zeros(draws, dtype=int)
    bounds = {int(k): missed_bound(standing, audited, int(k)) for k in np.unique(broken)}
    covered = np.mean([bounds[int(k)] >= fall - k for k in broken])
    assert covered >= 0.945
