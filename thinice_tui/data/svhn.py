"""`svhn:DIR`: test_32x32.mat, the cropped digits of Street View House Numbers."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.idx import DIGITS
from thinice_tui.data.limits import check_unpacks, file_size
from thinice_tui.data.naming import samples_of
from thinice_tui.data.samples import Samples
from thinice_tui.errors import DataError
from thinice_tui.strangers import check_is_no_other_thing, first_bytes, kind, reason

NAME, EXPECTED = "test_32x32.mat", "SVHN's test_32x32.mat (MATLAB 5)"


def read_svhn(folder: Path) -> Samples:
    """The test images [n,3,32,32] in their order; the file's label 10 is the digit 0. Raises DataError.

    The file is compressed as a whole, so it is unpacked into memory (80 MB).
    """
    path = folder / NAME if folder.is_dir() else folder
    check_is_no_other_thing(path, EXPECTED, DataError)
    head = first_bytes(path, EXPECTED, DataError)
    if not head.startswith(b"MATLAB"):
        raise DataError(f"{path}: is {kind(head)}, expected {EXPECTED}", "copy or download it again")
    images, labels = _variables(path)
    labels = np.where(labels == 10, 0, labels)
    return replace(samples_of(images.transpose(3, 2, 0, 1), labels, f"svhn:{folder}"), class_names=DIGITS)


def _variables(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    from scipy.io import loadmat, whosmat

    try:
        shapes = {name: shape for name, shape, kind in whosmat(path) if kind in ("uint8", "double", "int32")}
        x, y = shapes.get("X", ()), shapes.get("y", ())
        if len(x) != 4 or x[:3] != (32, 32, 3) or math.prod(y) != x[3]:
            raise DataError(f"{path}: has X of shape {x} and y of shape {y}", f"expected {EXPECTED}")
        check_unpacks(str(path), file_size(path), math.prod(x) + 8 * math.prod(y), f"expected {EXPECTED}")
        found = loadmat(path, variable_names=["X", "y"])
    except DataError:
        raise
    except Exception as error:  # a damaged file raises nearly anything in scipy
        raise DataError(f"{path}: cannot be read ({reason(error)})", f"expected {EXPECTED}, whole") from error
    return found["X"], found["y"].reshape(-1)
