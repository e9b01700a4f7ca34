"""Minimum-norm distances to the decision boundary, in the run's norm and units of [0,1] pixels."""

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.correctness import Mask, clean_correct, clean_known, robust_correct
from thinice_tui.runfile.records import ModelOutcomes, Run


def distances(run: Run, model: ModelOutcomes) -> NDArray[np.float64]:
    """Each sample's distance, an upper bound; float64 [n].

    0 where the clean image is misclassified, inf where no adversarial image was found, NaN where none was searched for.
    """
    if np.isnan(model.boundary).all():
        return model.boundary
    wrong = clean_known(model) & ~clean_correct(run, model)
    found: NDArray[np.float64] = np.where(wrong, 0.0, model.boundary)
    return found


def has_distances(run: Run) -> bool:
    """Whether the distance of any sample has been searched for."""
    return any(bool((~np.isnan(model.boundary)).any()) for model in run.models)


def missed(run: Run, model: ModelOutcomes) -> Mask:
    """Bool [n]: samples that the ensemble left robust and the distance search broke within eps.

    They count as robust all the same: verdicts are the ensemble's.
    """
    within: Mask = robust_correct(run, model, len(model.stages)) & (model.boundary <= run_eps(run))
    return within


def run_eps(run: Run) -> float:
    """The eps that the run's ensemble attacks within, in units of [0,1] pixels."""
    return run.info.settings.eps.value
