"""Which samples a model classifies correctly, without attack and under attack; bool masks [n]."""

import numpy as np
from numpy.typing import NDArray

from thinice_tui.runfile.records import ModelOutcomes, Run

Mask = NDArray[np.bool_]


def clean_known(model: ModelOutcomes) -> Mask:
    """Bool [n]: the prediction on the clean image is computed."""
    known: Mask = model.clean_prediction >= 0
    return known


def clean_correct(run: Run, model: ModelOutcomes) -> Mask:
    """Bool [n]: the clean image is classified correctly; False where that is not computed yet."""
    correct: Mask = model.clean_prediction == run.labels
    return correct


def robust_correct(run: Run, model: ModelOutcomes, through: int) -> Mask:
    """Bool [n]: the clean image is classified correctly and none of the first `through` stages broke the sample."""
    unbroken = (model.broken_by < 0) | (model.broken_by >= through)
    robust: Mask = clean_correct(run, model) & unbroken
    return robust
