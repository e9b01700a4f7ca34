"""Files that are written once: never in the place of another."""

from pathlib import Path

from thinice_tui.errors import ThiniceError
from thinice_tui.safe_io.atomic_write import write_text


def save_new(path: Path, text: str) -> Path:
    """Write `text` to `path`, which must not exist; whole or not at all. Raises ThiniceError."""
    refuse_existing(path)
    try:
        write_text(path, text)
    except OSError as error:
        raise ThiniceError(f"{path}: cannot be written ({error.strerror})", "give another path") from error
    return path


def refuse_existing(path: Path) -> None:
    """Raise ThiniceError where `path` exists, or where that cannot be found out."""
    try:
        exists = path.exists()
    except OSError as error:
        raise ThiniceError(f"{path}: cannot be written ({error.strerror})", "give another path") from error
    if exists:
        raise ThiniceError(f"{path} exists already and is left as it is", "give another name")


def free_path(path: Path) -> Path:
    """`path`, or where that exists the first free one with -2, -3, … before its suffix."""
    number, free = 2, path
    while free.exists():
        free = path.with_stem(f"{path.stem}-{number}")
        number += 1
    return free
