"""Label arrays as people store them, to one class number a sample."""

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import DataError


def check_labels(labels: NDArray[np.generic], count: int, source: str) -> NDArray[np.int64]:
    """Class numbers [count] or [count,1] in any integer type, or one-hot [count,K] in any type, to int64 [count].

    Raises DataError, also for one-hot rows that are not one 1 and zeros.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and len(labels) == count and labels.dtype.kind in "biuf":
        labels = _from_one_hot(labels, source)
    if labels.shape != (count,):
        raise DataError(f"{source}: labels have shape {labels.shape}", f"expected one a sample, [{count}]")
    if not np.issubdtype(labels.dtype, np.integer):
        raise DataError(f"{source}: labels are {labels.dtype}", "expected whole numbers from 0, one a sample")
    if labels.size and int(labels.min()) < 0:
        raise DataError(f"{source}: the lowest label is {int(labels.min())}", "expected whole numbers from 0")
    if labels.size and int(labels.max()) >= 2**31:
        raise DataError(f"{source}: the highest label is {int(labels.max())}", "expected class numbers")
    return labels.astype(np.int64)


def check_indices(indices: NDArray[np.generic], count: int, source: str) -> NDArray[np.int64]:
    """Original indices as stored with some data: whole numbers from 0, none twice; raises DataError."""
    if indices.shape != (count,) or not np.issubdtype(indices.dtype, np.integer):
        raise DataError(
            f"{source}: indices are {indices.dtype} of shape {indices.shape}", f"expected whole numbers, [{count}]"
        )
    if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= 2**63):
        raise DataError(f"{source}: the lowest index is {int(indices.min())}", "expected whole numbers from 0")
    if len(np.unique(indices)) != count:
        raise DataError(f"{source}: some indices are there twice", "expected one of its own for each sample")
    return indices.astype(np.int64)


def _from_one_hot(labels: NDArray[np.generic], source: str) -> NDArray[np.int64]:
    hot = labels == 1
    if not ((labels == 0) | hot).all() or not (hot.sum(axis=1) == 1).all():
        raise DataError(
            f"{source}: labels have shape {labels.shape} and are not one-hot",
            "expected class numbers [n], or one-hot rows of a single 1 and zeros",
        )
    numbers: NDArray[np.int64] = hot.argmax(axis=1).astype(np.int64)
    return numbers
