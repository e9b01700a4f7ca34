"""Arrays that are read from disk row by row, so that none need fit into memory."""

import itertools
import math
import os
import weakref
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import reason

Positions = slice | NDArray[np.int64]


class Array(Protocol):
    """What arrays in memory, on disk and in image files have in common: shape, dtype, and rows on demand."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, positions: Positions, /) -> NDArray[Any]: ...


class DiskArray:
    """Rows [n,...] in C order at `offset` in a file, read with pread at each access.

    Not memory-mapped, on purpose: a file that is cut short under a map kills the process (SIGBUS), here it is
    a DataError, and rows that were read do not count as this process's memory. The file stays open, so that
    one that is replaced meanwhile is not read half old, half new.
    """

    def __init__(self, path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Raises DataError where the file is shorter than `shape` claims."""
        self.path, self.shape, self.dtype = path, shape, dtype
        self._offset, self._row = offset, math.prod(shape[1:]) * dtype.itemsize
        if shape[0] and not self._row:
            raise DataError(f"{path}: claims an array of shape {shape}, which holds nothing", "expected some numbers")
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
        """Rows at `positions` [b] as an array [b,...] of their own; neighbours are read together."""
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


class Chosen:
    """Some rows of another array, in any order, read when they are asked for."""

    def __init__(self, whole: Array, rows: NDArray[np.int64]) -> None:
        self._whole, self._rows = whole, rows
        self.shape, self.dtype = (len(rows), *whole.shape[1:]), whole.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, positions: Positions) -> NDArray[Any]:
        return self._whole[self._rows[positions]]


def npy_header(stream: BinaryIO, name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran order, and dtype of an .npy stream, read up to its data; nothing is unpickled.

    name: for errors. Raises DataError for objects, and for what is no .npy.
    """
    try:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        if read is None:
            raise ValueError(f"version {version} holds records")
        shape, fortran, dtype = read(stream)
    except Exception as error:  # NumPy parses the header as Python text: a damaged one raises nearly anything
        raise DataError(
            f"{name}: is no whole NumPy array ({reason(error)})",
            "expected an array written by numpy.save or numpy.savez",
        ) from error
    if dtype.hasobject:
        raise DataError(
            f"{name}: holds Python objects, which take running code to read",
            "thinice-tui runs no code from a file. Where you trust it, load it yourself and save plain arrays: "
            "numpy.array(images, dtype='uint8'), numpy.array(labels, dtype='int64')",
        )
    if dtype.itemsize == 0 or dtype.names is not None or any(size < 0 for size in shape):
        raise DataError(f"{name}: is an array of {dtype} and shape {shape}", "expected plain numbers or text")
    return tuple(int(size) for size in shape), fortran, dtype


def read_npy_at(path: Path, offset: int, name: str) -> Array:
    """The .npy that begins at `offset` in `path`; rows are read on demand. Raises DataError.

    In Fortran order the rows of an array do not lie together: such a one is memory-mapped.
    """
    with path.open("rb") as stream:
        stream.seek(offset)
        shape, fortran, dtype = npy_header(stream, name)
        data = stream.tell()
    if not shape:
        raise DataError(f"{name}: is a single value, expected an array")
    array = DiskArray(path, data, shape, dtype)
    if fortran and len(shape) > 1 and 0 not in shape:
        mapped: NDArray[Any] = np.memmap(path, dtype=dtype, mode="r", offset=data, shape=shape, order="F")
        return mapped
    return array


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})", "check its permissions and its disk") from error
