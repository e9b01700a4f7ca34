"""Plain numeric arrays of MATLAB 5 files. SciPy's reader is not used: it crashes on damaged files.

Format: "MAT-File Format", MathWorks, level 5. A header of 128 bytes, then elements of a type, a size and data. An
array is an element of elements: flags, dimensions, name, numbers in column-major order. Any may be zlib-compressed.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import DataError
from thinice_tui.safe_io.limits import check_fits, check_unpacks, file_size

HEADER = 128
COMPRESSED, MATRIX = 15, 14
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
"""NumPy's types by the format's."""
PREFACE = 4096
"""Bytes that are enough for what comes before an array's numbers: flags, dimensions, name."""


@dataclass(frozen=True)
class _Array:
    """An array's description; its numbers begin at the byte `start` of its element."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    start: int

    @property
    def size(self) -> int:
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


def read_mat(path: Path, wanted: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """The numeric arrays with the names `wanted`; raises DataError for a damaged file."""
    check_fits(str(path), file_size(path), "free some memory: it is read as a whole")
    raw = path.read_bytes()
    order = {b"IM": "<", b"MI": ">"}.get(raw[126:128])
    if order is None:
        raise DataError(f"{path}: is no MATLAB 5 file", "save it with -v7 or before")
    found = {}
    try:
        for kind, data in _elements(raw, order):
            packed = kind == COMPRESSED
            preface = zlib.decompressobj().decompress(data, PREFACE) if packed else bytes(data[:PREFACE])
            array = _described(preface, order)
            if array is None or array.name not in wanted:
                continue
            if packed:
                check_unpacks(f"{path}: {array.name}", len(data), array.size, "free some memory")
                data = memoryview(zlib.decompressobj().decompress(data, array.start + array.size))
            numbers = np.frombuffer(data, dtype=array.dtype, count=math.prod(array.shape), offset=array.start)
            found[array.name] = numbers.reshape(array.shape, order="F")
    except (ValueError, struct.error, zlib.error, IndexError) as error:
        raise DataError(f"{path}: cannot be read ({error})", "it is damaged or cut short: copy it again") from error
    return found


def _elements(raw: bytes, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and data of each outermost element; the data of an uncompressed array includes its tag."""
    view, at = memoryview(raw), HEADER
    while at + 8 <= len(raw):
        kind, size = struct.unpack_from(f"{order}II", raw, at)
        if at + 8 + size > len(raw):
            raise ValueError(f"an element claims {size} bytes, {len(raw) - at - 8} are left")
        yield kind, view[at + 8 : at + 8 + size] if kind == COMPRESSED else view[at : at + 8 + size]
        at += 8 + size


def _described(preface: bytes, order: str) -> _Array | None:
    """The description of an array element, from the bytes before its numbers; None: it is no array of numbers."""
    kind, _ = struct.unpack_from(f"{order}II", preface)
    if kind != MATRIX:
        return None
    at, parts = 8, []
    for _ in range(3):
        _, start, size, at = _tag(preface, order, at)
        if start + size > len(preface):
            raise ValueError("the description of an array is too long")
        parts.append(preface[start : start + size])
    _, shape, name = parts
    number, start, size, _ = _tag(preface, order, at)
    if number not in NUMBERS:
        return None
    dimensions = struct.unpack(f"{order}{len(shape) // 4}i", shape[: len(shape) // 4 * 4])
    array = _Array(name.decode("latin1"), dimensions, order + NUMBERS[number], start)
    if any(length < 0 for length in dimensions) or array.size != size:
        raise ValueError(f"{array.name} claims the shape {dimensions}, and {size} bytes")
    return array


def _tag(preface: bytes, order: str, at: int) -> tuple[int, int, int, int]:
    """The tag at `at`: its type, where its data begins, the data's size, and where the next tag is.

    Data of up to four bytes is in the tag itself.
    """
    kind, size = struct.unpack_from(f"{order}II", preface, at)
    if kind >> 16:
        return kind & 0xFFFF, at + 4, min(kind >> 16, 4), at + 8
    return kind, at + 8, size, at + 8 + size + -size % 8
