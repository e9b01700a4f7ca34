"""SVHN in MATLAB files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from tests.data.checks import check_samples
from tests.data.data_files import (
    colour,
)
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("packed", [False, True])
def test_label_10_is_the_digit_0(tmp_path: Path, packed: bool, dtype: type) -> None:
    images = colour(4)
    labels: NDArray[Any] = np.array([[5], [10], [1], [10]], dtype=dtype)
    savemat(tmp_path / "test_32x32.mat", {"X": images.transpose(2, 3, 1, 0), "y": labels}, do_compression=packed)
    for spec in (f"svhn:{tmp_path}", f"svhn:{tmp_path}/test_32x32.mat"):
        samples = read_samples(spec)
        check_samples(samples, images, [5, 0, 1, 0])
        assert samples.class_names == tuple("0123456789")


def test_truncated_and_invalid_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "test_32x32.mat"
    with pytest.raises(DataError, match="no such file"):
        read_samples(f"svhn:{tmp_path}")
    savemat(path, {"X": colour(4).transpose(2, 3, 1, 0), "y": np.ones((4, 1), dtype=np.uint8)}, do_compression=True)
    whole = path.read_bytes()
    for length in (130, len(whole) // 2, len(whole) - 100):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"cannot be read|has "):
            read_samples(f"svhn:{tmp_path}")
    savemat(path, {"X": np.zeros((32, 32, 3)), "y": np.ones((1, 1)), "z": {"a": ["b"]}, "s": "text"})
    with pytest.raises(DataError, match=r"has X .32, 32, 3., y .1, 1."):
        read_samples(f"svhn:{tmp_path}")
    path.write_bytes(b"\x89HDF\r\n\x1a\n....")
    with pytest.raises(DataError, match="is an HDF5 file"):
        read_samples(f"svhn:{tmp_path}")
