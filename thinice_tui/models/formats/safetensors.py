"""The safetensors format: a header of names, types, shapes and offsets in JSON, then the numbers.

Read here and not by its package: it is this small, and what a header claims is held against the file's size
before anything is allocated. Specification: github.com/huggingface/safetensors, README, "Format".
"""

import json
import math
from pathlib import Path

import torch
from torch import Tensor

from thinice_tui.errors import CheckpointError

HEADER_LIMIT = 100_000_000
"""Bytes of header, as the format itself limits it."""
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_EXPECTED = "copy or download it again; expected a file that safetensors' save_file wrote"


def is_safetensors(head: bytes) -> bool:
    """Whether a file that begins so can be one: a header's length, and its brace."""
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") >= 2


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name and the file's metadata; raises CheckpointError before anything is allocated."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > min(size - 8, HEADER_LIMIT):
            raise _claims(path, f"a header of {length:,} bytes", size)
        try:
            header = json.loads(stream.read(length))
            entries = {name: header[name] for name in header if name != "__metadata__"}
            metadata = {str(key): str(value) for key, value in dict(header.get("__metadata__") or {}).items()}
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise CheckpointError(f"{path}: its safetensors header is not readable ({error})", _EXPECTED) from error
        places = {name: _place(path, name, entry, size - 8 - length) for name, entry in entries.items()}
        if (claimed := sum(end - begin for _, _, begin, end in places.values())) > size:
            raise _claims(path, f"{claimed:,} bytes of tensors", size)
        tensors = {}
        for name, (dtype, shape, begin, end) in places.items():
            stream.seek(8 + length + begin)
            block = bytearray(stream.read(end - begin))
            tensors[name] = torch.frombuffer(block, dtype=dtype).reshape(shape) if block else torch.zeros(shape)
    return tensors, metadata


def _place(path: Path, name: str, entry: object, available: int) -> tuple[torch.dtype, tuple[int, ...], int, int]:
    """dtype, shape and byte range of one tensor, checked against each other and against the file."""
    try:
        dtype, shape = DTYPES[entry["dtype"]], tuple(entry["shape"])  # type: ignore[index]
        begin, end = entry["data_offsets"]  # type: ignore[index]
        well = all(type(number) is int and number >= 0 for number in (*shape, begin, end))
    except (TypeError, KeyError, ValueError) as error:
        raise CheckpointError(f"{path}: its entry {name} is not readable ({error})", _EXPECTED) from error
    if not well or end < begin or end - begin != math.prod(shape) * dtype.itemsize:
        raise CheckpointError(f"{path}: shape and place of {name} do not belong together", _EXPECTED)
    if end > available:
        raise _claims(path, f"{end - begin:,} bytes for {name}", available)
    return dtype, shape, begin, end


def _claims(path: Path, what: str, there: int) -> CheckpointError:
    return CheckpointError(f"{path}: claims {what}, but holds {there:,} bytes: it is cut short or made up", _EXPECTED)
