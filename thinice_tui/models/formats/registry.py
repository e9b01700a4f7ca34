"""The checkpoint formats, one row each: how a file of it is recognised, and what reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.file_content import FileContent, ReadOptions
from thinice_tui.models.formats.folder import is_folder, read_folder
from thinice_tui.models.formats.graphs import is_graph, read_graph
from thinice_tui.models.formats.gzipped import is_gzip, read_gzip
from thinice_tui.models.formats.numpy_files import (
    is_npy,
    is_npz,
    is_pickle,
    read_npy,
    read_npz,
    read_numpy_pickle,
)
from thinice_tui.models.formats.safetensors import is_safetensors_file, read_safetensors
from thinice_tui.models.formats.torch_files import read_torch_file
from thinice_tui.safe_io.file_kind import checked_head

EXPECTED = "a model file"


@dataclass(frozen=True)
class Format:
    """recognises and read get the path and the file's first 512 bytes; read also what the user says of the file.

    read raises CheckpointError.
    """

    recognises: Callable[[Path, bytes], bool]
    read: Callable[[Path, bytes, ReadOptions], FileContent]


FORMATS = (
    Format(is_safetensors_file, read_safetensors),
    Format(is_graph, read_graph),
    Format(is_npz, read_npz),
    Format(is_npy, read_npy),
    Format(is_pickle, read_numpy_pickle),
    Format(is_gzip, lambda path, _head, options: read_gzip(path, options, _read)),
    Format(lambda _path, _head: True, read_torch_file),  # the last: it says what is wrong with any other file
)
"""In the order in which they are tried; the first that recognises the file reads it."""


def read_file(path: Path, options: ReadOptions) -> FileContent:
    """The content of a model file, or of a folder that holds one; raises CheckpointError."""
    if is_folder(path):
        return read_folder(path, options)
    return _read(path, checked_head(path, EXPECTED, CheckpointError), options)


def _read(path: Path, head: bytes, options: ReadOptions) -> FileContent:
    return next(row for row in FORMATS if row.recognises(path, head)).read(path, head, options)
