"""The header of a safetensors file: names, types, shapes and places of its tensors, checked against the file's size.

Format: 8 bytes with the header's length (little-endian), the header as JSON, the numbers without gaps or overlaps.
Specification: github.com/huggingface/safetensors, README, "Format".
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from thinice_tui.errors import ThiniceError, reason
from thinice_tui.safe_io.file_kind import checked_head, kind
from thinice_tui.safe_io.limits import file_size

MAX_HEADER_BYTES = 100_000_000
"""The largest header that the format allows."""
ITEM_BYTES = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "U16": 2,
    "I16": 2,
    "F16": 2,
    "BF16": 2,
    "U32": 4,
    "I32": 4,
    "F32": 4,
    "U64": 8,
    "I64": 8,
    "F64": 8,
}
"""Bytes per element of the types that are read, by the format's names."""
_AGAIN = "copy or download it again"


@dataclass(frozen=True)
class TensorEntry:
    """One tensor: its type by the format's name, its shape, and where its bytes are in the file."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    size: int


@dataclass(frozen=True)
class SafetensorsHeader:
    """The tensors by name in the header's order, and the file's metadata."""

    tensors: dict[str, TensorEntry]
    metadata: dict[str, str]


def is_safetensors(head: bytes) -> bool:
    """Whether a file with these first bytes can be one: a header's length, then a brace."""
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") >= 2


def read_safetensors_header(path: Path, expected: str, error: type[ThiniceError]) -> SafetensorsHeader:
    """Read and check the header of `path`; nothing else of the file is read.

    Raises `error` where the file is no safetensors file, is cut short, or where types, shapes and places of the
    tensors do not fit one another. expected: what the file should be, as in "expected {expected}".
    """
    head = checked_head(path, expected, error)
    size, length = file_size(path, error), int.from_bytes(head[:8], "little")
    if size < 8 or length > min(size - 8, MAX_HEADER_BYTES):
        what, claim = kind(head), f"claims a header of {length:,} bytes, but the file has {size:,}"
        raise error(f"{path}: {claim if what == 'something else' else f'is {what}'}", f"expected {expected}")
    try:
        with path.open("rb") as stream:
            raw = stream.read(8 + length)[8:]
    except OSError as caught:
        raise error(f"{path}: cannot be read ({reason(caught)})", "check its permissions and its disk") from caught
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as caught:
        raise error(f"{path}: its header is not JSON", f"expected {expected}") from caught
    if not isinstance(header, dict):
        raise error(f"{path}: its header is no JSON object", f"expected {expected}")
    metadata = header.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict):
        raise error(f"{path}: its metadata is no JSON object", f"expected {expected}")
    start = 8 + len(raw)
    tensors = {name: _entry(path, name, entry, start, error) for name, entry in header.items()}
    _check_places(path, tensors, start, size, error)
    return SafetensorsHeader(tensors, {key: str(value) for key, value in metadata.items()})


def _entry(path: Path, name: str, entry: object, start: int, error: type[ThiniceError]) -> TensorEntry:
    """One tensor's entry, whose numbers begin at `start` in the file."""
    try:
        if not isinstance(entry, dict):
            raise TypeError("it is no JSON object")
        dtype, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        if not all(type(number) is int and number >= 0 for number in (*shape, begin, end)):
            raise TypeError("sizes are whole numbers from 0")
        if dtype not in ITEM_BYTES:
            remedy = f"save it as one of {', '.join(ITEM_BYTES)}"
            if str(dtype).startswith(("F8", "F4", "F6")):
                remedy = "such numbers need their scale, which is elsewhere: save weight.float() × scale as F32"
            raise error(f"{path}: {name} is of type {dtype}", remedy)
        if math.prod(shape) * ITEM_BYTES[dtype] != end - begin:
            raise ValueError(f"{dtype} of shape {shape} in {end - begin:,} bytes")
    except (KeyError, TypeError, ValueError) as caught:
        raise error(f"{path}: its entry {name} is not valid ({reason(caught)})", _AGAIN) from caught
    return TensorEntry(dtype, shape, start + begin, end - begin)


def _check_places(
    path: Path, tensors: dict[str, TensorEntry], start: int, size: int, error: type[ThiniceError]
) -> None:
    """Raise `error` unless the tensors fill the file from `start` to its end, one after the other."""
    at = start
    for name, entry in sorted(tensors.items(), key=lambda item: (item[1].offset, item[1].size)):
        if entry.offset + entry.size > size:
            what = f"claims {entry.size:,} bytes for {name}, but the file has {size:,}: it is cut short or made up"
            raise error(f"{path}: {what}", _AGAIN)
        if entry.offset != at:
            how = "overlaps with another tensor" if entry.offset < at else "does not follow the tensor before it"
            raise error(f"{path}: {name} {how}: the file is damaged or made up", _AGAIN)
        at += entry.size
    if at != size:
        raise error(f"{path}: has {size - at:,} bytes after its last tensor: it is damaged or made up", _AGAIN)
