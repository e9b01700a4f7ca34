"""The capture curve: how many of all losses lie within the lowest dense margins. Pure functions on arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.auc import MINIMUM
from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.analysis.correctness import Mask
from thinice_tui.analysis.proportions import Estimate, unknown, wilson

Floats = NDArray[np.float64]
HEADLINE = 0.2
"""The share of lowest margins that the one-line headline is about."""
WINDOW = 0.1
"""The share of samples on either side of the border that its local flip rate is taken from."""
FEW = 8
"""Losses on one side of the border below which the border's own movement is not estimated."""
POINTS = 51
METHOD = "Wilson, effective sample size for a border at a quantile"


@dataclass(frozen=True)
class CaptureCurve:
    """The share of all losses within the lowest share of dense margins, among the samples that dense holds.

    lowest, captured, low, high: fractions [k], pointwise 95 % intervals, NaN where there are fewer than 12 losses or 12
    kept samples; headline: the share at HEADLINE.
    """

    lowest: Floats
    captured: Floats
    low: Floats
    high: Floats
    headline: Estimate
    losses: int


def capture_of(analysis: Analysis, comparison: Comparison) -> CaptureCurve:
    """The capture curve of one comparison, by the dense model's clean margin."""
    held = comparison.sets.s10 | comparison.sets.s11
    return capture_curve(analysis.run.models[0].clean_margin[held], comparison.sets.s10[held])


def capture_curve(margins: NDArray[np.floating], lost: Mask) -> CaptureCurve:
    """The curve of the samples that dense holds: their margins, [n], and which of them are lost, bool [n].

    Unknown margins (NaN) are left out; losses of equal margin share their places.
    """
    known = ~np.isnan(margins)
    order = np.argsort(margins[known], kind="stable")
    _, tie, size = np.unique(margins[known][order], return_inverse=True, return_counts=True)
    flags = lost[known][order].astype(float)
    shared = (np.bincount(tie, weights=flags, minlength=len(size)) / size)[tie] if len(flags) else flags
    found = np.concatenate([[0.0], np.cumsum(shared)])
    lowest = np.linspace(0, 1, POINTS)
    estimates = [captured_within(found, share) for share in lowest]
    return CaptureCurve(
        lowest=lowest,
        captured=np.array([one.value for one in estimates]),
        low=np.array([one.low for one in estimates]),
        high=np.array([one.high for one in estimates]),
        headline=captured_within(found, HEADLINE),
        losses=int(flags.sum()),
    )


def captured_within(found: Floats, share: float) -> Estimate:
    """The share of losses within the lowest `share` of margins; found: losses up to each rank, float64 [n+1].

    A border at a quantile moves with the sample. With C the captured share of L losses, p the flip rate, r that at the
    border and x the share, the variance of C is [p·C·(1−C)·(1−2r) + r²·x·(1−x)] / (n·p²), by the linearised quantile
    (Bahadur 1966, Ann. Math. Statist. 37:577). C(1−C) over it is the effective sample size of Wilson's interval. It
    is at most L/(1 − p), as for flips that go with no margin, and where few losses lie on one side of the border at
    most L, as if the border stood still.
    """
    n = len(found) - 1
    losses = float(found[-1]) if n else 0.0
    if losses == 0:
        return unknown(0, method=METHOD)
    captured = float(np.interp(share * n, np.arange(n + 1), found)) / losses
    if min(losses, n - losses) < MINIMUM:
        return unknown(round(losses), captured, METHOD)
    edges = np.clip([share - WINDOW, share + WINDOW], 0, 1) * n
    rate = float(np.diff(np.interp(edges, np.arange(n + 1), found))[0] / (edges[1] - edges[0]))
    p = losses / n
    spread = captured * (1 - captured)
    variance = (p * spread * (1 - 2 * rate) + rate**2 * share * (1 - share)) / (n * p**2)
    most = losses if min(captured, 1 - captured) * losses < FEW else losses / (1 - p)
    low, high = wilson(captured, min(spread / variance, most) if spread > 0 and variance > 0 else most)
    return Estimate(captured, low, high, round(losses), method=METHOD)
