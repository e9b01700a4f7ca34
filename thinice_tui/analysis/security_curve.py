"""Security curves: robust accuracy as a function of eps, from minimum-norm distances.

At the run's eps a curve differs from the ensemble's robust accuracy only by the samples of `distances.missed`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.distances import distances, run_eps
from thinice_tui.runfile.records import ModelOutcomes, Run

Array = NDArray[np.float64]
LARGEST_SHOWN = 0.995
"""Quantile of the distances at which a curve ends: next to no sample is robust beyond."""


@dataclass(frozen=True)
class SecurityCurve:
    """R(eps) = share of samples with distance > eps, at each of `eps` [k], in units of [0,1] pixels.

    robust: fractions [k], upper bounds, as distances are; at_eps: R at the run's eps; n: samples whose distance is
    known; median: of the distances of samples right without attack, NaN where there is none.
    """

    name: str
    eps: Array
    robust: Array
    at_eps: float
    n: int
    median: float


def security_curve(run: Run, model: ModelOutcomes, points: int = 120) -> SecurityCurve | None:
    """The curve of one model over the samples whose distance is known; None where no distances were searched for."""
    found = distances(run, model)
    if not (~np.isnan(model.boundary)).any():
        return None
    known = np.sort(found[~np.isnan(found)])
    positive = known[(known > 0) & np.isfinite(known)]
    end = 1.05 * float(np.quantile(positive, LARGEST_SHOWN)) if len(positive) else 1.0
    eps, marked = np.linspace(0.0, end, points), run_eps(run)
    if marked < end:
        eps = np.union1d(eps, marked)
    robust = (len(known) - np.searchsorted(known, eps, side="right")) / len(known)
    median = float(np.median(known[known > 0])) if (known > 0).any() else np.nan
    return SecurityCurve(model.record.name, eps, robust, float((known > marked).mean()), len(known), median)
