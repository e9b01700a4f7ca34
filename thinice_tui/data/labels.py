"""Checks labels, and turns arrays of numbers, one-hot rows or text into one class number or name a sample."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import DataError

WHOLE = "expected whole numbers from 0, one a sample"


def check_labels(
    labels: NDArray[np.generic], count: int, source: str, indices: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Class numbers int64 [count], of numbers [count] or [count,1] or of one-hot rows [count,K].

    Numbers may have any type, but must be whole; of two classes they may be false and true. indices: [count], the
    samples' original indices, for messages; None: their positions. Raises DataError.
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and len(labels) == count and labels.dtype.kind in "biuf":
        labels = _from_one_hot(labels, source)
    if labels.shape != (count,):
        raise DataError(f"{source}: labels have shape {labels.shape}", f"expected one a sample, [{count}]")
    if labels.dtype.kind not in "biuf":
        raise DataError(f"{source}: labels are {labels.dtype}", WHOLE)
    if labels.dtype.kind == "f":
        odd = np.flatnonzero(~np.isfinite(labels) | (labels != np.rint(labels)))
        if len(odd):
            index = odd[0] if indices is None else indices[odd[0]]
            raise DataError(f"{source}: labels are {labels.dtype}, that of index {index} is {labels[odd[0]]}", WHOLE)
    if labels.size and int(labels.min()) < 0:
        raise DataError(f"{source}: the lowest label is {int(labels.min())}", "expected whole numbers from 0")
    if labels.size and int(labels.max()) >= 2**31:
        raise DataError(f"{source}: the highest label is {int(labels.max())}", "expected class numbers")
    return labels.astype(np.int64)


def label_array(values: Sequence[object], source: str) -> NDArray[Any]:
    """A list of numbers or of texts as an array, texts with dtype object; raises DataError for any other item."""
    for index, value in enumerate(values):
        if value is None:
            raise DataError(
                f"{source}: the label of index {index} is missing (null)", "remove that sample, or label it"
            )
        if not isinstance(value, bool | int | float | str):
            raise DataError(
                f"{source}: the label of index {index} is a {type(value).__name__}",
                "expected a number or a class name for each sample",
            )
    texts = sum(isinstance(value, str) for value in values)
    if 0 < texts < len(values):
        raise DataError(f"{source}: some labels are text, others numbers", "expected numbers only, or text only")
    if any(isinstance(value, int) and abs(value) >= 2**63 for value in values):
        raise DataError(f"{source}: some labels are huge numbers", "expected class numbers")
    return np.array(values, dtype=object if texts else None)


def as_texts(array: NDArray[Any]) -> tuple[str, ...]:
    """The texts in an array of text, bytes or objects, as str."""
    if array.dtype.kind == "U":  # Python's own conversion crashes on code points of damaged files
        codec = "utf-32-be" if array.dtype.byteorder == ">" else "utf-32-le"
        raw, size = array.tobytes(), array.dtype.itemsize
        parts = [raw[at : at + size] for at in range(0, len(raw), size)]
        return tuple(part.decode(codec, "replace").rstrip("\0") for part in parts)
    if array.dtype.kind == "S":
        return tuple(name.decode("utf-8", "replace") for name in array.reshape(-1).tolist())
    return tuple(str(name) for name in array.reshape(-1).tolist())


def check_indices(indices: NDArray[np.generic], count: int, source: str) -> NDArray[np.int64]:
    """Original indices int64 [count]: whole numbers from 0, none twice; raises DataError."""
    if indices.shape != (count,) or not np.issubdtype(indices.dtype, np.integer):
        raise DataError(
            f"{source}: indices are {indices.dtype} of shape {indices.shape}", f"expected whole numbers, [{count}]"
        )
    if indices.size and (int(indices.min()) < 0 or int(indices.max()) >= 2**63):
        raise DataError(f"{source}: the lowest index is {int(indices.min())}", "expected whole numbers from 0")
    if len(np.unique(indices)) != count:
        raise DataError(f"{source}: some indices are there twice", "expected a different one for each sample")
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
