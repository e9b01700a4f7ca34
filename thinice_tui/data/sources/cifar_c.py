"""`cifar10-c:DIR/corruption@severity`: one corruption of the CIFAR-10 test set (Hendrycks and Dietterich 2019)."""

import numpy as np

from thinice_tui.data.disk_arrays import DiskArray
from thinice_tui.data.sources.cifar import CIFAR10_CLASSES
from thinice_tui.data.sources.npy_pair import read_npy
from thinice_tui.data.sources.source import DataSpec
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import DataError, UsageError
from thinice_tui.safe_io.paths import expanded

SEVERITIES, IMAGES = 5, 10_000


def read_cifar10_c(spec: DataSpec) -> StoredData:
    """Severity s of a corruption: rows (s−1)·10000 to s·10000 of its .npy, read on demand.

    Indices are 0 to 9999, those of the original test set: the same index is the same photograph at every corruption
    and severity, and in `cifar10:DIR`. Raises DataError and UsageError.
    """
    place, at, severity = spec.place.rpartition("@")
    if not at or severity not in ("1", "2", "3", "4", "5"):
        raise UsageError(
            f"--data is cifar10-c:{spec.place}, expected a severity from 1 to 5 at its end",
            "write it after an @: cifar10-c:DIR/gaussian_noise@3",
        )
    path = expanded(place.removesuffix(".npy") + ".npy")
    if path.parent.is_dir() and not path.exists():
        there = ", ".join(sorted(file.stem for file in path.parent.glob("*.npy") if file.stem != "labels"))
        raise DataError(f"{path}: there is no such file", f"expected one of the corruptions there: {there or 'none'}")
    images, labels = read_npy(path), read_npy(path.parent / "labels.npy")
    wanted = (SEVERITIES * IMAGES, 32, 32, 3)
    if images.shape != wanted or images.dtype != np.uint8 or not isinstance(images, DiskArray):
        raise DataError(f"{path}: is an array of {images.dtype} and shape {images.shape}", f"expected uint8 {wanted}")
    if labels.shape != wanted[:1]:
        raise DataError(f"{path.parent / 'labels.npy'}: has shape {labels.shape}", f"expected {wanted[:1]}")
    first = (int(severity) - 1) * IMAGES
    part, numbers = images.part(first, IMAGES), labels[first : first + IMAGES]
    return StoredData(part, numbers, f"cifar10-c:{spec.place}", class_names=CIFAR10_CLASSES)
