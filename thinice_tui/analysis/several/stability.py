"""Which losses are stable: how often each sample is lost over training seeds, and whether seeds agree beyond chance."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.correctness import Mask
from thinice_tui.analysis.proportions import Z, groups_by_margin

DECILES = 10


@dataclass(frozen=True)
class Overlap:
    """Samples lost in both of two seeds, summed over all pairs, against chance within deciles of the dense margin.

    held: samples that the dense models of all seeds hold, which alone are counted; expected: were each seed's losses
    drawn at random within each decile; low, high: where 95 % of such draws lie; p: two-sided.
    """

    held: int
    shared: int
    expected: float
    low: float
    high: float
    p: float

    @property
    def verdict(self) -> str:
        """What the test allows to say."""
        if not self.p < 0.05:
            return "no more shared than by chance at equal margins"
        return "more shared than by chance" if self.shared > self.expected else "fewer shared than by chance"


@dataclass(frozen=True)
class Stability:
    """The losses of one pruned model over seeds. times_lost: int16 [n], the number of seeds in which a sample is lost;
    counts: samples lost in 1, 2, … seeds, one entry a seed."""

    seeds: int
    times_lost: NDArray[np.int16]
    counts: tuple[int, ...]
    overlap: Overlap


def stability(lost: Sequence[Mask], held: Sequence[Mask], margins: Sequence[NDArray[np.floating]]) -> Stability:
    """From each seed: which samples are lost and which dense holds, bool [n], and the dense margins, [n]."""
    times = np.sum(lost, axis=0).astype(np.int16)
    counts = np.bincount(times, minlength=len(lost) + 1)[1:]
    return Stability(len(lost), times, tuple(counts.tolist()), overlap(lost, held, margins))


def overlap(lost: Sequence[Mask], held: Sequence[Mask], margins: Sequence[NDArray[np.floating]]) -> Overlap:
    """The overlap of S10 between seeds; arguments as of `stability`.

    Samples are stratified by the mean rank of their margin over the seeds. Within a decile the number that two seeds
    share is hypergeometric by chance, and different pairs are uncorrelated, so means and variances add (the test of
    Mantel and Haenszel 1959, summed over pairs).
    """
    common = np.logical_and.reduce(list(held))
    n = int(common.sum())
    ranks = np.mean([np.argsort(np.argsort(margin[common], kind="stable")) for margin in margins], axis=0)
    flags = np.array([one[common] for one in lost])
    shared, expected, variance = 0, 0.0, 0.0
    for group in groups_by_margin(ranks, DECILES) if n else []:
        size, losses = len(group), flags[:, group].sum(axis=1)
        for a, b in itertools.combinations(range(len(lost)), 2):
            shared += int((flags[a, group] & flags[b, group]).sum())
            expected += float(losses[a] * losses[b]) / size
            if size > 1:
                spread = losses[a] * (size - losses[a]) * losses[b] * (size - losses[b])
                variance += float(spread) / (size**2 * (size - 1))
    error = math.sqrt(variance)
    distance = max(0.0, abs(shared - expected) - 0.5)  # corrected for continuity
    p = math.erfc(distance / error / math.sqrt(2)) if error > 0 else 1.0
    return Overlap(n, shared, float(expected), max(0.0, expected - Z * error), expected + Z * error, p)
