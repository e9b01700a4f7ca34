"""Checkpoints in the safetensors format; the header is read and checked in `safe_io`."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from thinice_tui.errors import CheckpointError, reason
from thinice_tui.models.formats.containers import find_weights
from thinice_tui.models.formats.file_content import FileContent, ReadOptions
from thinice_tui.safe_io.safetensors_header import is_safetensors, read_safetensors_header

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""torch's types by the format's."""


def is_safetensors_file(_path: Path, head: bytes) -> bool:
    """Whether a file with these first bytes can be a safetensors file."""
    return is_safetensors(head)


def read_safetensors(path: Path, _head: bytes, options: ReadOptions) -> FileContent:
    """The weights and, as `about`, the file's metadata; raises CheckpointError before any tensor is allocated."""
    tensors, metadata = safetensors_content(path)
    return find_weights(tensors, path, "safetensors", options, dict(metadata))


def safetensors_content(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors by name, tied ones under all of their names, and the other metadata; raises CheckpointError."""
    header = read_safetensors_header(path, "a safetensors file as save_file writes it", CheckpointError)
    tensors: dict[str, Tensor] = {}
    try:
        with path.open("rb") as stream:
            for name, entry in header.tensors.items():
                stream.seek(entry.offset)
                block, dtype = bytearray(stream.read(entry.size)), DTYPES[entry.dtype]
                tensor = torch.frombuffer(block, dtype=dtype) if block else torch.empty(0, dtype=dtype)
                tensors[name] = tensor.reshape(entry.shape)
    except (OSError, RuntimeError, ValueError) as error:  # the file has changed since its header was read
        raise CheckpointError(f"{path}: cannot be read ({reason(error)})", "copy or download it again") from error
    tied = _tied(header.metadata, tensors)
    tensors |= {removed: tensors[kept] for removed, kept in tied.items()}
    return tensors, {key: value for key, value in header.metadata.items() if key not in tied}


def _tied(metadata: Mapping[str, str], tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """The names that safetensors' `save_model` removed since another one has the same numbers, and these others.

    It saves tensors that share their memory once, and writes {removed: kept} into the metadata.
    """
    return {
        removed: kept
        for removed, kept in metadata.items()
        if kept in tensors and removed not in tensors and removed.rpartition(".")[2] == kept.rpartition(".")[2]
    }
