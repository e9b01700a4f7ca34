"""What pruning costs beyond retraining: each pruned model's losses against those of the control."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.comparison import Analysis, Comparison
from thinice_tui.analysis.correctness import Mask
from thinice_tui.analysis.paired import holm, paired_difference
from thinice_tui.analysis.proportions import Estimate, Z, groups_by_margin, mcnemar, unknown

STRATA = 10
ODDS_METHOD = "Mantel-Haenszel over deciles of the dense margin, paired linearised variance on the log scale"


@dataclass(frozen=True, repr=False)
class Excess:
    """A pruned model's losses against the control's, on the same samples."""

    model: str
    excess_nfr: Estimate
    """NFR minus the control's, in [−1,1]."""
    lost_by_pruning: Mask
    """Bool [n]: robust for dense and for the control, not for the pruned model."""
    lost_by_control: Mask
    """Bool [n]: robust for dense and for the pruned model, not for the control."""
    p: float
    """Exact McNemar of these two counts."""
    p_holm: float
    """Corrected for the number of pruned models."""
    odds_ratio: Estimate
    """Odds that a sample is lost by pruning against those that the control loses it, at equal dense margin; n: samples
    that dense holds. NaN where either model lost none of those that the other could lose, and where a decile would hold
    fewer than two samples."""

    def __repr__(self) -> str:
        lost = f"{self.lost_by_pruning.sum()} lost by pruning, {self.lost_by_control.sum()} by the control"
        return f"<{type(self).__name__} {self.model}: excess NFR {self.excess_nfr.in_words()}, {lost}: {self.verdict}>"

    @property
    def verdict(self) -> str:
        """What the corrected test allows to say."""
        if not self.p_holm < 0.05:
            return "cannot be told from retraining alone"
        return "more lost than by retraining alone" if self.excess_nfr.value > 0 else "fewer lost than by retraining"


def control_of(analysis: Analysis) -> Comparison | None:
    """The comparison of dense with the control, where the run has one."""
    return next((one for one in analysis.comparisons if one.other.record.role == "control"), None)


def excesses(analysis: Analysis) -> tuple[Excess, ...]:
    """The excess of each pruned model, in their order; empty without a control."""
    control = control_of(analysis)
    pruned = [one for one in analysis.comparisons if one is not control]
    if control is None:
        return ()
    margins, held = analysis.run.models[0].clean_margin, control.sets.s10 | control.sets.s11
    by_control = control.sets.s10
    lost = [(one.sets.s10 & ~by_control, by_control & ~one.sets.s10) for one in pruned]
    p_values = [mcnemar(int(more.sum()), int(fewer.sum())) for more, fewer in lost]
    return tuple(
        Excess(
            model=one.other.record.name,
            excess_nfr=paired_difference(one.sets.s10, by_control),
            lost_by_pruning=more,
            lost_by_control=fewer,
            p=p,
            p_holm=corrected,
            odds_ratio=matched_odds_ratio(margins[held], one.sets.s10[held], by_control[held]),
        )
        for one, (more, fewer), p, corrected in zip(pruned, lost, p_values, holm(p_values), strict=True)
    )


def matched_odds_ratio(margins: NDArray[np.floating], first: Mask, second: Mask) -> Estimate:
    """The common odds ratio of `first` against `second` over deciles of `margins`, [n] each, with its 95 % interval.

    The estimate is Mantel and Haenszel's (1959, JNCI 22:719). Both events are of the same samples, so the variance is
    that of the linearised log ratio with its covariance within each decile; where the two were independent it would be
    that of Robins, Breslow and Greenland (1986, Biometrics 42:311), who take two separate groups. A difference of rates
    needs no matching: in every decile both rates are of the same samples.
    """
    n = len(margins)
    if n < 2 * STRATA:  # a decile of one sample has no variance
        return unknown(n, method=ODDS_METHOD)
    strata = np.empty(n, dtype=np.int64)
    for number, group in enumerate(groups_by_margin(margins, STRATA)):
        strata[group] = number
    size = np.bincount(strata).astype(float)
    a, b, both = (np.bincount(strata, weights=one) / size for one in (first, second, first & second))
    r, s = float((size * a * (1 - b)).sum()), float((size * b * (1 - a)).sum())
    if r == 0 or s == 0:
        return unknown(n, method=ODDS_METHOD)
    slope_a, slope_b = (1 - b) / r + b / s, a / r + (1 - a) / s
    spread = slope_a**2 * a * (1 - a) - 2 * slope_a * slope_b * (both - a * b) + slope_b**2 * b * (1 - b)
    variance = float((size**2 / np.maximum(size - 1, 1) * spread).sum())
    low, high = (r / s) * np.exp(np.array([-1, 1]) * Z * np.sqrt(max(variance, 0.0)))
    return Estimate(r / s, float(low), float(high), n, method=ODDS_METHOD)
