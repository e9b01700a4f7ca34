"""`FILE.safetensors`: a JSON header and plain bytes, read on demand. The format is simple enough to need no package."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from thinice_tui.data.array_keys import Stored, find_key, other_labels
from thinice_tui.data.disk_arrays import DiskArray
from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import check_not_another_kind, first_bytes, kind

EXPECTED = "a .safetensors file with images and labels"
HEADER_BYTES = 100_000_000
"""The most that the format allows."""
TYPES = {
    "BOOL": "?",
    "U8": "u1",
    "I8": "i1",
    "U16": "<u2",
    "I16": "<i2",
    "U32": "<u4",
    "I32": "<i4",
    "U64": "<u8",
    "I64": "<i8",
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
}


def read_safetensors(path: Path, named: Mapping[str, str]) -> Stored:
    """Images, labels and, where stored, `indices`; raises DataError."""
    check_not_another_kind(path, EXPECTED, DataError)
    header, data = _header(path)
    tensors = [key for key in header if key != "__metadata__"]
    images = _tensor(path, header, find_key(tensors, "images", named, path), data)
    key = find_key(tensors, "labels", named, path)
    labels = _tensor(path, header, key, data)
    indices = _tensor(path, header, "indices", data) if "indices" in tensors else None
    return Stored(images, labels, str(path), indices, (), *other_labels(tensors, key, named))


def _header(path: Path) -> tuple[dict[str, object], int]:
    """The header (8 bytes of length, then JSON) and where the data begins."""
    size = path.stat().st_size
    length = int.from_bytes(first_bytes(path, EXPECTED, DataError, 8), "little")
    if size < 8 or length > min(size - 8, HEADER_BYTES):
        what = kind(first_bytes(path, EXPECTED, DataError))
        claims = f"claims a header of {length} bytes, and has {size} in all"
        raise DataError(f"{path}: {claims if what == 'something else' else f'is {what}'}", f"expected {EXPECTED}")
    with path.open("rb") as stream:
        stream.seek(8)
        raw = stream.read(length)
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: its header is not JSON", f"expected {EXPECTED}") from error
    if not isinstance(header, dict):
        raise DataError(f"{path}: its header is no JSON object", f"expected {EXPECTED}")
    return header, 8 + length


def _tensor(path: Path, header: dict[str, object], key: str, data: int) -> DiskArray:
    entry = header[key]
    try:
        if not isinstance(entry, dict):
            raise TypeError("no JSON object")
        name, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not all(type(number) is int and number >= 0 for number in (*shape, start, end)):
            raise TypeError("sizes are whole numbers from 0")
        if name not in TYPES:
            raise DataError(f"{path}: {key} is {name}", f"save it as one of {', '.join(TYPES)}")
        dtype = np.dtype(TYPES[name])
        if math.prod(shape) * dtype.itemsize != end - start:
            raise ValueError(f"{name} of shape {shape} in {end - start} bytes")
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: {key} is not described as it should be ({error})", f"expected {EXPECTED}") from error
    if not shape:
        raise DataError(f"{path}: {key} is a single value, expected an array")
    return DiskArray(path, data + start, tuple(shape), dtype)
