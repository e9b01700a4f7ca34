"""`svhn:DIR`: test_32x32.mat and its like, the cropped digits of Street View House Numbers."""

from pathlib import Path

import numpy as np

from thinice_tui.data.array_keys import Stored, of_split, samples_of
from thinice_tui.data.samples import Samples
from thinice_tui.data.sources.idx import DIGITS
from thinice_tui.data.sources.mat import read_mat
from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import check_not_another_kind, first_bytes, kind


def read_svhn(folder: Path, split: str = "test") -> Samples:
    """The images [n,3,32,32] of a split in their order; the file's label 10 is the digit 0. Raises DataError.

    Its arrays are compressed as a whole, so they are unpacked into memory (80 MB for the test images).
    """
    name = f"{split}_32x32.mat"
    expected = f"SVHN's {name} (MATLAB 5)"
    path = folder / name if folder.is_dir() else folder
    check_not_another_kind(path, expected, DataError)
    head = first_bytes(path, expected, DataError)
    if not head.startswith(b"MATLAB"):
        raise DataError(f"{path}: is {kind(head)}, expected {expected}", "copy or download it again")
    arrays = read_mat(path, ("X", "y"))
    images, labels = arrays.get("X", np.empty(0)), arrays.get("y", np.empty(0)).reshape(-1)
    if images.ndim != 4 or images.shape[:3] != (32, 32, 3) or len(labels) != images.shape[3]:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "neither X nor y"
        raise DataError(f"{path}: has {shapes}", f"expected {expected}: X (32, 32, 3, n) and y (n, 1)")
    labels = np.where(labels == 10, 0, labels)
    source = of_split(f"svhn:{folder}", split if folder.is_dir() else "test")  # a file's own name says which it is
    return samples_of(Stored(images.transpose(3, 2, 0, 1), labels, source, class_names=DIGITS))
