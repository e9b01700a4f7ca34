"""Files that are written once: never in the place of another."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from thinice_tui.errors import ThiniceError
from thinice_tui.safe_io.atomic_write import check_writable, write_whole


def save_new(path: Path, pieces: Iterable[str]) -> Path:
    """Write a text, given in pieces, to `path`, which must not exist; whole or not at all. Raises ThiniceError.

    What `pieces` raises comes through, and nothing is left of the file.
    """
    refuse_existing(path)

    def write(stream: BinaryIO) -> None:
        for piece in pieces:
            stream.write(piece.encode())

    try:
        write_whole(path, write)
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def refuse_existing(path: Path) -> None:
    """Raise ThiniceError where `path` exists, or where that cannot be found out."""
    try:
        exists = path.exists()
    except OSError as error:
        raise _unwritable(path, error) from error
    if exists:
        raise ThiniceError(f"{path} exists already and is left as it is", "give another name")


def check_new(path: Path, is_folder: bool = False) -> None:
    """Raise ThiniceError where `path` exists, or where it could not be written; nothing is.

    is_folder: a folder is to be made there, with the folders above it that there are not yet.
    """
    refuse_existing(path)
    first = path
    while is_folder and not first.parent.exists():
        first = first.parent
    try:
        check_writable(first)
    except OSError as error:
        raise _unwritable(path, error) from error


def free_path(path: Path) -> Path:
    """`path`, or where that exists the first free one with -2, -3, … before its suffix."""
    number, free = 2, path
    while free.exists():
        free = path.with_stem(f"{path.stem}-{number}")
        number += 1
    return free


def _unwritable(path: Path, error: OSError) -> ThiniceError:
    return ThiniceError(f"{path}: cannot be written ({error.strerror})", "give another path")
