"""Small text files that a user writes or exports: lists of indices, class maps."""

from pathlib import Path

from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import kind
from thinice_tui.safe_io.limits import file_size


def check_text_file(path: Path, head: bytes, called: str, expected: str, max_bytes: int, remedy: str) -> None:
    """Raise DataError where `path` holds no text or more than `max_bytes` bytes.

    head: its first bytes. called: what such a file is, as in "larger than any {called}". remedy: what to do where it
    is no text.
    """
    what = kind(head)
    if what not in ("text", "something else"):  # a letter beyond ASCII makes it "something else"
        raise DataError(f"{path}: is {what}, expected {expected}", remedy)
    if file_size(path) > max_bytes:
        raise DataError(f"{path}: is larger than any {called}", f"expected {expected}")
