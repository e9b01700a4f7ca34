"""Arrays whose rows are read from disk when they are needed, so that none has to fit into memory."""

import itertools
import math
import os
import weakref
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import DataError
from thinice_tui.safe_io.limits import check_fits
from thinice_tui.safe_io.npy_header import read_npy_header

Positions = slice | NDArray[np.int64]


class Array(Protocol):
    """An array in memory, on disk or in image files: shape, dtype, and rows on demand."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, positions: Positions, /) -> NDArray[Any]: ...


class DiskArray:
    """Rows [n,...] in C order at `offset` in a file, read with pread at each access.

    The file is not memory-mapped: if a mapped file is cut short, the process is killed (SIGBUS), and rows that were
    read count as its memory. It stays open, so that a file that is replaced meanwhile is not read half old, half new.
    """

    def __init__(self, path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Raises DataError where the file is shorter than `shape` claims."""
        self.path, self.shape, self.dtype = path, shape, dtype
        self._offset, self._row = offset, math.prod(shape[1:]) * dtype.itemsize
        if shape[0] and not self._row:
            raise DataError(f"{path}: claims an array of shape {shape}, which holds nothing", "expected numbers")
        self._file = _open(path)
        weakref.finalize(self, os.close, self._file)
        claimed, there = self._row * shape[0], os.fstat(self._file).st_size - offset
        if claimed > there:
            raise DataError(
                f"{path}: is cut short, or claims too much: an array of shape {shape} takes {claimed} bytes, "
                f"{max(there, 0)} are there",
                "copy or download it again",
            )

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, positions: Positions) -> NDArray[Any]:
        """Rows at `positions` [b] as a new array [b,...]; adjacent rows are read together."""
        rows = np.arange(*positions.indices(len(self))) if isinstance(positions, slice) else np.asarray(positions)
        found = np.empty((len(rows), *self.shape[1:]), dtype=self.dtype)
        if not found.nbytes:
            return found
        bytes_ = memoryview(found.reshape(-1).view(np.uint8).data)
        starts = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
        for start, end in itertools.pairwise(starts):
            self._read(bytes_[start * self._row : end * self._row], int(rows[start]))
        return found

    def part(self, start: int, count: int) -> "DiskArray":
        """`count` rows from `start` on."""
        return DiskArray(self.path, self._offset + start * self._row, (count, *self.shape[1:]), self.dtype)

    def _read(self, into: memoryview, row: int) -> None:
        at, done = self._offset + row * self._row, 0
        while done < len(into):
            try:
                got = os.preadv(self._file, [into[done : done + 2**30]], at + done)
            except OSError as error:
                raise DataError(f"{self.path}: cannot be read ({error.strerror})", "check its disk") from error
            if not got:
                raise DataError(f"{self.path}: was cut short while it was read", "copy or download it again")
            done += got


class SelectedRows:
    """Some rows of another array, in any order, read at each access."""

    def __init__(self, whole: Array, rows: NDArray[np.int64]) -> None:
        self._whole, self._rows = whole, rows
        self.shape, self.dtype = (len(rows), *whole.shape[1:]), whole.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, positions: Positions) -> NDArray[Any]:
        return self._whole[self._rows[positions]]


def read_npy_at(path: Path, offset: int, name: str) -> Array:
    """The .npy that begins at `offset` in `path`; rows are read on demand. name: for messages. Raises DataError.

    An array in Fortran order is memory-mapped, since its rows are not contiguous.
    """
    with path.open("rb") as stream:
        stream.seek(offset)
        header = read_npy_header(stream, name)
        data = stream.tell()
    shape, dtype = header.shape, header.dtype
    if not shape:
        raise DataError(f"{name}: is a single value, expected an array")
    array = DiskArray(path, data, shape, dtype)
    if header.fortran and len(shape) > 1 and 0 not in shape:
        mapped: NDArray[Any] = np.memmap(path, dtype=dtype, mode="r", offset=data, shape=shape, order="F")
        return mapped
    return array


def load_whole(array: Array, name: str) -> NDArray[Any]:
    """All of an array, in memory; name: for messages. Raises DataError where it would not fit."""
    check_fits(name, int(np.prod(array.shape, dtype=object)) * array.dtype.itemsize, "expected one number a sample")
    return np.asarray(array[:])


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})", "check its permissions and its disk") from error
