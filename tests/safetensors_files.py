"""Writes files in the safetensors format, from its description: length of the header, header as JSON, numbers."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CODES = {
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float64: "F64",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
}


def safetensors_bytes(
    tensors: Mapping[str, Tensor | NDArray[Any]],
    metadata: Mapping[str, str] | None = None,
    **changes: object,
) -> bytes:
    """A file's content; changes: entries that every tensor's description gets in place of the right ones."""
    header: dict[str, object] = {"__metadata__": dict(metadata or {"format": "pt"})}
    blocks: list[bytes] = []
    at = 0
    for name, given in tensors.items():
        tensor = (torch.from_numpy(np.array(given)) if isinstance(given, np.ndarray) else given).contiguous()
        block = tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
        entry = {"dtype": CODES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(block)]}
        header[name] = entry | changes
        blocks.append(block)
        at += len(block)
    raw = json.dumps(header).encode()
    return with_header(raw) + b"".join(blocks)


def with_header(raw: bytes) -> bytes:
    """`raw` as a header, after its length."""
    return struct.pack("<Q", len(raw)) + raw
