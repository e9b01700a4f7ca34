"""MATLAB 5 files: the numeric arrays as SciPy writes them, and damaged files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from thinice_tui.data.sources.mat import read_mat
from thinice_tui.errors import DataError

ARRAYS: dict[str, Any] = {
    "X": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "y": np.array([[1.5], [-2.0]]),
    "z": np.array([[3]], dtype=np.int16),
    "text": "not numbers",
}


@pytest.mark.parametrize("packed", [False, True])
def test_numeric_arrays_are_read_by_name(tmp_path: Path, packed: bool) -> None:
    savemat(tmp_path / "a.mat", ARRAYS, do_compression=packed)
    found = read_mat(tmp_path / "a.mat", ("X", "y", "z", "text", "absent"))
    assert set(found) == {"X", "y", "z"}
    for name, array in found.items():
        assert array.dtype == np.asarray(ARRAYS[name]).dtype and np.array_equal(array, ARRAYS[name])


def test_what_is_no_matlab_5_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(b"MATLAB 7.3 MAT-file".ljust(200))
    with pytest.raises(DataError, match="is no MATLAB 5 file") as caught:
        read_mat(tmp_path / "a.mat", ("X",))
    assert "-v7" in caught.value.do


def test_an_element_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", ARRAYS)
    content = (tmp_path / "a.mat").read_bytes()
    (tmp_path / "a.mat").write_bytes(content[:150])
    with pytest.raises(DataError, match=r"cannot be read .*claims"):
        read_mat(tmp_path / "a.mat", ("X",))
