"""`svhn:DIR`: the cropped digits of Street View House Numbers, in test_32x32.mat and the files of the other splits."""

from dataclasses import replace

import numpy as np

from thinice_tui.data.sources.idx import DIGITS
from thinice_tui.data.sources.mat import read_mat
from thinice_tui.data.sources.source import DataSpec
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import checked_head, kind


def read_svhn(spec: DataSpec) -> StoredData:
    """The images [n,3,32,32] of a split in their order; the file's label 10 becomes 0, the digit. Raises DataError.

    Each array is compressed as a whole, so it is unpacked into memory (80 MB for the test images).
    """
    folder, name = spec.path, f"{spec.split}_32x32.mat"
    expected = f"SVHN's {name} (MATLAB 5)"
    path = folder / name if folder.is_dir() else folder
    head = checked_head(path, expected, DataError)
    if not head.startswith(b"MATLAB"):
        raise DataError(f"{path}: is {kind(head)}, expected {expected}", "copy or download it again")
    arrays = read_mat(path, ("X", "y"))
    images, labels = arrays.get("X", np.empty(0)), arrays.get("y", np.empty(0)).reshape(-1)
    if images.ndim != 4 or images.shape[:3] != (32, 32, 3) or len(labels) != images.shape[3]:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "neither X nor y"
        raise DataError(f"{path}: has {shapes}", f"expected {expected}: X (32, 32, 3, n) and y (n, 1)")
    labels = np.where(labels == 10, 0, labels)
    named = spec if folder.is_dir() else replace(spec, split="")  # a file's own name tells its split
    return StoredData(images.transpose(3, 2, 0, 1), labels, named.source_name(), class_names=DIGITS)
