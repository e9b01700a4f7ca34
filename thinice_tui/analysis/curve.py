"""Security curves: robust accuracy as a function of the budget, from minimum-norm distances.

At the run's eps they differ from the ensemble's robust accuracy only by what `missed` lists.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.comparison import Mask, clean_correct, clean_known, robust
from thinice_tui.runfile.records import ModelOutcomes, Run

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """R(eps) = mean(distance > eps), at each of `eps` [k]; falls by construction.

    robust: fractions in [0,1]; at_eps: that at the run's eps; n: the samples it comes from; median: of the distances
    of those correct on the clean image, NaN where none is. Distances are upper bounds, so that robust is one, too.
    """

    name: str
    eps: Array
    robust: Array
    at_eps: float
    n: int
    median: float


def distances(run: Run, model: ModelOutcomes) -> Array:
    """Minimum-norm distance to the decision boundary, [n], in the run's norm and units of [0,1] pixels.

    0 where the clean image is misclassified, inf where no adversarial image was found, NaN where not searched for.
    """
    if np.isnan(model.boundary).all():
        return model.boundary
    wrong = clean_known(model) & ~clean_correct(run, model)
    found: Array = np.where(wrong, 0.0, model.boundary)
    return found


def has_distances(run: Run) -> bool:
    """Whether distances of any sample have been searched for."""
    return any(bool((~np.isnan(model.boundary)).any()) for model in run.models)


def security_curve(run: Run, model: ModelOutcomes, points: int = 120) -> Curve | None:
    """The curve over the samples whose distance is known, up to where next to nothing stands; None: no distances."""
    found = distances(run, model)
    if not (~np.isnan(model.boundary)).any():
        return None
    known = np.sort(found[~np.isnan(found)])
    positive = known[(known > 0) & np.isfinite(known)]
    end = 1.05 * float(np.quantile(positive, 0.995)) if len(positive) else 1.0
    eps, marked = np.linspace(0.0, end, points), run_eps(run)
    if marked < end:
        eps = np.union1d(eps, marked)
    standing = (len(known) - np.searchsorted(known, eps, side="right")) / len(known)
    median = float(np.median(known[known > 0])) if (known > 0).any() else np.nan
    return Curve(model.record.name, eps, standing, float((known > marked).mean()), len(known), median)


def missed(run: Run, model: ModelOutcomes) -> Mask:
    """Bool [n]: samples that the ensemble left standing and for which the distance search found an image within eps.

    They count as robust: the verdict is the ensemble's.
    """
    within: Mask = robust(run, model, len(model.stages)) & (model.boundary <= run_eps(run))
    return within


def run_eps(run: Run) -> float:
    """The eps that the run's ensemble attacks within, in units of [0,1] pixels."""
    return run.info.settings.eps.value
