"""`FILE.safetensors`: images and labels in the safetensors format, read on demand."""

import numpy as np

from thinice_tui.data.array_keys import find_key, other_labels
from thinice_tui.data.disk_arrays import DiskArray
from thinice_tui.data.sources.source import DataSpec
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import DataError
from thinice_tui.safe_io.safetensors_header import read_safetensors_header

EXPECTED = "a .safetensors file with images and labels"
DTYPES = {
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
"""NumPy's types by the format's; NumPy has none for BF16."""


def read_safetensors(spec: DataSpec) -> StoredData:
    """Images, labels and, where stored, `indices`; raises DataError."""
    path, named = spec.path, spec.named
    tensors = read_safetensors_header(path, EXPECTED, DataError).tensors

    def array(key: str) -> DiskArray:
        entry = tensors[key]
        if entry.dtype not in DTYPES:
            raise DataError(f"{path}: {key} is of type {entry.dtype}", f"save it as one of {', '.join(DTYPES)}")
        if not entry.shape:
            raise DataError(f"{path}: {key} is a single value, expected an array", "store one value a sample")
        return DiskArray(path, entry.offset, entry.shape, np.dtype(DTYPES[entry.dtype]))

    images = array(find_key(tensors, "images", named, path))
    key = find_key(tensors, "labels", named, path)
    indices = array("indices") if "indices" in tensors else None
    return StoredData(images, array(key), str(path), indices, (), *other_labels(tensors, key, named))
