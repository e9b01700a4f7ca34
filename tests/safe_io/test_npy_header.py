"""Headers of .npy files: numbers and text are described, everything else is refused."""

import io

import numpy as np
import pytest

from thinice_tui.errors import CheckpointError, DataError
from thinice_tui.safe_io.npy_header import read_npy_header


def stored(array: np.ndarray) -> io.BytesIO:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    stream.seek(0)
    return stream


def test_shape_order_and_type_are_read_up_to_the_numbers() -> None:
    stream = stored(np.asfortranarray(np.arange(6, dtype=">i4").reshape(2, 3)))
    header = read_npy_header(stream, "a")
    assert (header.shape, header.fortran, header.dtype) == ((2, 3), True, np.dtype(">i4"))
    assert np.frombuffer(stream.read(), ">i4").reshape(2, 3, order="F").tolist() == [[0, 1, 2], [3, 4, 5]]


def test_objects_are_refused_unless_they_are_allowed() -> None:
    array = np.array([{"a": 1}], dtype=object)
    with pytest.raises(DataError, match="a: holds Python objects"):
        read_npy_header(stored(array), "a")
    assert read_npy_header(stored(array), "a", allow_objects=True).dtype.hasobject


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00\xff\xff{", b"\x93NUMPY\x09\x00", b"PK\x03\x04"])
def test_what_is_no_npy_raises_the_given_error(content: bytes) -> None:
    with pytest.raises(CheckpointError, match="a: is no whole NumPy array") as caught:
        read_npy_header(io.BytesIO(content), "a", CheckpointError)
    assert "numpy.save" in caught.value.do


def test_records_are_refused() -> None:
    with pytest.raises(DataError, match="is an array of"):
        read_npy_header(stored(np.zeros(3, dtype=[("a", "i4")])), "a")
