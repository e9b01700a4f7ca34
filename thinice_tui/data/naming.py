"""Which array of a file is what: by the names that people use, or as named after `#` in the spec."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.arrays import Array
from thinice_tui.data.images import check_images
from thinice_tui.data.labels import check_indices, check_labels
from thinice_tui.data.limits import check_fits
from thinice_tui.data.samples import Samples
from thinice_tui.errors import DataError

IMAGES = ("images", "x_test", "x", "X", "data", "test_images", "X_test", "image", "img", "inputs", "test_x", "x_adv")
LABELS = ("labels", "y_test", "y", "Y", "targets", "test_labels", "Y_test", "label", "target", "test_y", "fine_label")
SHOWN = 12


def find_key(keys: Iterable[str], what: str, named: Mapping[str, str], path: Path) -> str:
    """The key of what=images or what=labels: the one `named` gives, else the first usual one; raises DataError."""
    there = list(keys)
    shown = ", ".join(there[:SHOWN]) + (", …" if len(there) > SHOWN else "") or "nothing"
    if what in named:
        if named[what] in there:
            return named[what]
        raise DataError(f"{path}: has no {named[what]!r} (it holds: {shown})", f"give another #{what}=KEY after it")
    usual = IMAGES if what == "images" else LABELS
    for name in usual:
        if name in there:
            return name
    raise DataError(
        f"{path}: no {what} in it (it holds: {shown})",
        f"expected one of {', '.join(usual)}, or name them: {path.name}#images=KEY,labels=KEY",
    )


def samples_of(
    images: Array, labels: Array, source: str, indices: Array | None = None, names: Array | None = None
) -> Samples:
    """Samples of arrays as stored; without `indices` they are numbered from 0. Raises DataError."""
    checked = check_images(images, source)
    count = len(checked)
    return Samples(
        images=checked,
        labels=check_labels(whole(labels, f"{source} labels"), count, source),
        indices=np.arange(count, dtype=np.int64)
        if indices is None
        else check_indices(whole(indices, f"{source} indices"), count, source),
        class_names=() if names is None else _texts(whole(names, f"{source} class_names")),
        source=source,
    )


def whole(array: Array, name: str) -> NDArray[Any]:
    """All of an array that is to be in memory; raises DataError where it would not fit."""
    check_fits(name, int(np.prod(array.shape, dtype=object)) * array.dtype.itemsize, "expected one number a sample")
    return np.asarray(array[:])


def _texts(names: NDArray[Any]) -> tuple[str, ...]:
    if names.dtype.kind == "U":  # a damaged file's code points are beyond what Python's own conversion survives
        codec = "utf-32-be" if names.dtype.byteorder == ">" else "utf-32-le"
        raw, size = names.tobytes(), names.dtype.itemsize
        parts = [raw[at : at + size] for at in range(0, len(raw), size)]
        return tuple(part.decode(codec, "replace").rstrip("\0") for part in parts)
    if names.dtype.kind == "S":
        return tuple(name.decode("utf-8", "replace") for name in names.reshape(-1).tolist())
    return tuple(str(name) for name in names.reshape(-1).tolist())
