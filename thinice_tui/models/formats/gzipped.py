"""Model files of any other format that gzip has packed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.file_content import FileContent, ReadOptions
from thinice_tui.safe_io.file_kind import checked_head
from thinice_tui.safe_io.gzip_file import GZIP, unpacked

Reader = Callable[[Path, bytes, ReadOptions], FileContent]


def is_gzip(_path: Path, head: bytes) -> bool:
    """Whether a file with these first bytes is a gzip file."""
    return head.startswith(GZIP)


def read_gzip(path: Path, options: ReadOptions, read: Reader) -> FileContent:
    """The content of the file that is packed in `path`; read: what reads a file of any other format.

    Raises CheckpointError.
    """
    with unpacked(path, CheckpointError) as plain:
        try:
            head = checked_head(plain, "a packed model file", CheckpointError)
            if is_gzip(plain, head):
                raise CheckpointError(f"{plain}: is a gzip file in a gzip file", "unpack it once with gunzip")
            found = read(plain, head, options)
        except CheckpointError as error:  # it names the temporary file, which is gone
            raise CheckpointError(error.what.replace(str(plain), f"{path} (unpacked)"), error.do) from error
    return replace(found, notes=(*found.notes, "unpacked with gzip"))
