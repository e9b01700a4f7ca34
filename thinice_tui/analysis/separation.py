"""Which kind of margin separates lost from kept samples best: AUCs of the same samples, compared in pairs."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.auc import MINIMUM, Auc, auc, placements
from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.analysis.margins import MARGIN_KINDS, MarginKind, margin_kinds, margins_of
from thinice_tui.analysis.paired import holm
from thinice_tui.analysis.proportions import Estimate, Z, unknown

METHOD = "paired DeLong"


@dataclass(frozen=True)
class AucDifference:
    """The AUC of one kind of margin minus that of another, on the same samples.

    p: two-sided; p_holm: corrected for the pairs that are compared. NaN where there are too few samples.
    """

    kind: MarginKind
    than: MarginKind
    difference: Estimate
    p: float
    p_holm: float


@dataclass(frozen=True)
class Separation:
    """How well each kind of the dense margin tells S10 from S11, on samples whose margins of all kinds are known."""

    aucs: dict[MarginKind, Auc]
    differences: tuple[AucDifference, ...]
    own_attack: bool
    """Whether the margin under attack is of the attack that also chose S10 and S11, not of another attack seed."""

    @property
    def verdict(self) -> str:
        """Which kind separates best, as far as that can be told."""
        if any(math.isnan(one.p_holm) for one in self.differences):
            return "too few samples to tell"
        best = max(self.aucs, key=lambda kind: self.aucs[kind].value)
        level = [MARGIN_KINDS[kind] for kind in self.aucs if kind != best and not self._better(best, kind)]
        if not level:
            return f"the {MARGIN_KINDS[best]} separates best"
        if len(level) == len(self.aucs) - 1:
            return f"{', '.join(level)} and {MARGIN_KINDS[best]} cannot be told apart"
        return f"the {MARGIN_KINDS[best]} separates best, but cannot be told from the {' or the '.join(level)}"

    def _better(self, best: MarginKind, other: MarginKind) -> bool:
        found = next(one for one in self.differences if {one.kind, one.than} == {best, other})
        return found.p_holm < 0.05


def separation_of(analysis: Analysis, comparison: Comparison) -> Separation:
    """How well clean margin, margin under attack and distance of dense tell S10 from S11.

    Where a run of the same models under another attack seed is at hand, the margin under attack is taken from it, for
    that of the run itself comes from the attack that also chose S10 and S11.
    """
    run, repeat, kinds = analysis.run, next(iter(analysis.repeats), None), margin_kinds(analysis.run)
    sources = {kind: repeat if repeat is not None and kind == "attacked" else run for kind in kinds}
    scores = np.array([margins_of(source, source.models[0], kind) for kind, source in sources.items()], dtype=float)
    known = ~np.isnan(scores).any(axis=0)
    lost, kept = scores[:, comparison.sets.s10 & known], scores[:, comparison.sets.s11 & known]
    aucs = {kind: auc(lost[row], kept[row]) for row, kind in enumerate(kinds)}
    pairs = list(itertools.combinations(range(len(kinds)), 2))
    found = auc_differences(lost, kept, pairs)
    corrected = holm([p for _, p in found])
    differences = tuple(
        AucDifference(kinds[one], kinds[other], difference, p, p_holm)
        for (other, one), (difference, p), p_holm in zip(pairs, found, corrected, strict=True)
    )
    return Separation(aucs, differences, own_attack=repeat is None)


def auc_differences(
    lost: NDArray[np.floating], kept: NDArray[np.floating], pairs: list[tuple[int, int]]
) -> list[tuple[Estimate, float]]:
    """For each pair of rows, the second's AUC minus the first's with its 95 % interval, and the two-sided p-value.

    lost: [k,a]; kept: [k,b]: k scores of the same samples. Paired as by DeLong et al. 1988 (Biometrics 44:837): the
    covariance of the placements. Without an interval where either group has fewer than MINIMUM samples.
    """
    a, b = lost.shape[1], kept.shape[1]
    if min(a, b) < MINIMUM:
        return [(unknown(a + b, method=METHOD), math.nan)] * len(pairs)
    below, above = placements(lost, kept)
    values = above.mean(axis=1)
    covariance = np.atleast_2d(np.cov(below)) / a + np.atleast_2d(np.cov(above)) / b
    found = []
    for first, second in pairs:
        difference = float(values[second] - values[first])
        variance = covariance[first, first] + covariance[second, second] - 2 * covariance[first, second]
        error = math.sqrt(max(float(variance), 0.0))
        estimate = Estimate(difference, difference - Z * error, difference + Z * error, a + b, method=METHOD)
        p = math.erfc(abs(difference) / error / math.sqrt(2)) if error > 0 else float(difference == 0)
        found.append((estimate, p))
    return found
