"""The checkpoint formats, one row each: how a file of it is recognised, and what reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from thinice_tui.models.formats.file_content import FileContent, ReadOptions
from thinice_tui.models.formats.graphs import is_graph, read_graph
from thinice_tui.models.formats.safetensors import is_safetensors_file, read_safetensors
from thinice_tui.models.formats.torch_files import read_torch_file


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
    Format(lambda _path, _head: True, read_torch_file),  # the last: it says what is wrong with any other file
)
"""In the order in which they are tried; the first that recognises the file reads it."""


def read_file(path: Path, head: bytes, options: ReadOptions) -> FileContent:
    """The content of a model file; head: its first 512 bytes. Raises CheckpointError."""
    return next(row for row in FORMATS if row.recognises(path, head)).read(path, head, options)
