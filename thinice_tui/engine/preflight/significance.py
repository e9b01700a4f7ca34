"""A paired test: which of two classifiers is more accurate on the same images."""

import math

import numpy as np
from numpy.typing import NDArray

Correct = NDArray[np.bool_]
"""Whether each image is classified correctly: [n], or [m,n] for m models."""
STANDARD_ERRORS = 2.0
"""Default threshold of the test."""


def significantly_better(better: Correct, worse: Correct, standard_errors: float = STANDARD_ERRORS) -> bool:
    """Whether `better` is correct more often than `worse` by more than `standard_errors` standard errors.

    Both are bool, [n] or [m,n], on the same images. For one model this is McNemar's test (Psychometrika 12, 1947)
    without continuity correction: of the images that exactly one of the two gets right, the difference is compared with
    the square root of their number. Several models judge the same images and are not independent, so each image counts
    once, with the sum over the models.
    """
    gained = (better.astype(np.int64) - worse).reshape(-1, better.shape[-1]).sum(axis=0)
    return float(gained.sum()) > standard_errors * math.sqrt(float((gained**2).sum()))
