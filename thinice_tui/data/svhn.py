"""`svhn:DIR`: test_32x32.mat, the cropped digits of Street View House Numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from thinice_tui.data.idx import DIGITS
from thinice_tui.data.mat import read_mat
from thinice_tui.data.naming import samples_of
from thinice_tui.data.samples import Samples
from thinice_tui.errors import DataError
from thinice_tui.strangers import check_is_no_other_thing, first_bytes, kind

NAME, EXPECTED = "test_32x32.mat", "SVHN's test_32x32.mat (MATLAB 5)"


def read_svhn(folder: Path) -> Samples:
    """The test images [n,3,32,32] in their order; the file's label 10 is the digit 0. Raises DataError.

    Its arrays are compressed as a whole, so they are unpacked into memory (80 MB).
    """
    path = folder / NAME if folder.is_dir() else folder
    check_is_no_other_thing(path, EXPECTED, DataError)
    head = first_bytes(path, EXPECTED, DataError)
    if not head.startswith(b"MATLAB"):
        raise DataError(f"{path}: is {kind(head)}, expected {EXPECTED}", "copy or download it again")
    arrays = read_mat(path, ("X", "y"))
    images, labels = arrays.get("X", np.empty(0)), arrays.get("y", np.empty(0)).reshape(-1)
    if images.ndim != 4 or images.shape[:3] != (32, 32, 3) or len(labels) != images.shape[3]:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "neither X nor y"
        raise DataError(f"{path}: has {shapes}", f"expected {EXPECTED}: X (32, 32, 3, n) and y (n, 1)")
    if labels.dtype.kind == "f" and np.array_equal(labels, np.rint(labels)):
        labels = labels.astype(np.int64)  # MATLAB's own numbers are doubles
    labels = np.where(labels == 10, 0, labels)
    return replace(samples_of(images.transpose(3, 2, 0, 1), labels, f"svhn:{folder}"), class_names=DIGITS)
