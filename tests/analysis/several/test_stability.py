"""How often samples are lost, and the overlap of losses against chance."""

import itertools

import numpy as np
import pytest
from scipy.stats import hypergeom

from thinice_tui.analysis.proportions import Z
from thinice_tui.analysis.several.stability import overlap, stability


def test_each_sample_counts_the_seeds_that_lose_it() -> None:
    lost = np.array([[1, 1, 0, 0, 1], [1, 0, 0, 1, 1], [1, 0, 0, 0, 1]], dtype=bool)
    found = stability(list(lost), [np.ones(5, bool)] * 3, [np.arange(5.0)] * 3)
    assert found.times_lost.tolist() == [3, 1, 0, 1, 3] and found.counts == (2, 0, 2) and found.seeds == 3


def test_in_one_stratum_chance_is_hypergeometric() -> None:
    """Equal margins of 9 samples leave one sample a stratum; so 10 strata of 200 equal ones are compared."""
    random = np.random.default_rng(0)
    n, losses = 2000, (60, 90)
    margins = np.arange(float(n))
    lost = [np.zeros(n, bool) for _ in losses]
    for stratum in range(10):
        for one, count in zip(lost, losses, strict=True):
            one[200 * stratum + random.permutation(200)[:count]] = True
    found = overlap(lost, [np.ones(n, bool)] * 2, [margins] * 2)
    chance = hypergeom(200, *losses)
    assert found.expected == pytest.approx(10 * chance.mean())
    assert found.high - found.expected == pytest.approx(Z * np.sqrt(10 * chance.var()))
    assert found.shared == (lost[0] & lost[1]).sum()


def test_over_three_seeds_it_is_what_permutations_within_deciles_give() -> None:
    """Means and variances of the pairs add, though each seed is in two of them: 4000 permutations, ties none."""
    random, n, seeds = np.random.default_rng(4), 230, 3
    margins = [np.arange(float(n))] * seeds
    lost = draw(random, seeds, n, 0.5)
    found = overlap(lost, [np.ones(n, bool)] * seeds, margins)
    strata = np.array_split(np.arange(n), 10)
    shared = np.zeros(4000)
    for number in range(len(shared)):
        for stratum in strata:
            shuffled = [random.permutation(one[stratum]) for one in lost]
            shared[number] += sum(int((a & b).sum()) for a, b in itertools.combinations(shuffled, 2))
    error = shared.std() / np.sqrt(len(shared))
    assert found.expected == pytest.approx(shared.mean(), abs=4 * error)
    assert (found.high - found.expected) / Z == pytest.approx(shared.std(), rel=0.05)  # its own error: 1.1 %
    extreme = np.mean(np.abs(shared - shared.mean()) >= abs(found.shared - shared.mean()))
    assert found.p == pytest.approx(extreme, abs=0.05)


def draw(random: np.random.Generator, seeds: int, n: int, common: float) -> list[np.ndarray]:
    """Losses that go with the margin, and beyond it with a part that all seeds share."""
    rate = 0.5 * np.exp(-3 * np.arange(n) / n)
    shared = random.random(n)
    return [np.where(random.random(n) < common, shared, random.random(n)) < rate for _ in range(seeds)]


def test_losses_that_agree_by_margin_alone_are_chance() -> None:
    """At most 5 % of 400 draws are called more or fewer; three Monte-Carlo errors are 3.3 points."""
    random, n = np.random.default_rng(1), 400
    margins, held = [np.arange(float(n))] * 3, [np.ones(n, bool)] * 3
    called = sum(overlap(draw(random, 3, n, 0.0), held, margins).p < 0.05 for _ in range(400))
    assert called / 400 <= 0.083
    assert overlap(draw(random, 3, n, 0.0), held, margins).verdict == "no more shared than by chance at equal margins"


def test_losses_that_agree_beyond_the_margin_are_found() -> None:
    n = 400
    found = overlap(draw(np.random.default_rng(2), 3, n, 0.8), [np.ones(n, bool)] * 3, [np.arange(float(n))] * 3)
    assert found.verdict == "more shared than by chance" and found.shared > found.high


def test_only_samples_that_every_dense_model_holds_count() -> None:
    n = 100
    random = np.random.default_rng(3)
    held = [random.random(n) < 0.8 for _ in range(3)]
    lost = [one & (random.random(n) < 0.5) for one in held]
    found = overlap(lost, held, [random.normal(size=n) for _ in range(3)])
    common = held[0] & held[1] & held[2]
    assert found.held == common.sum()
    pairs = itertools.combinations(lost, 2)
    assert found.shared == sum((a & b & common).sum() for a, b in pairs)


def test_nothing_held_is_no_overlap() -> None:
    none = [np.zeros(5, bool)] * 2
    found = overlap(none, none, [np.zeros(5)] * 2)
    assert (found.shared, found.expected, found.p) == (0, 0, 1)
