"""What may be unpacked into memory: never more than it can hold, never what a small file merely claims."""

from pathlib import Path

import psutil

from thinice_tui.errors import DataError

DEFLATE = 1032
"""The most that deflate can shrink anything, in bytes to one (zlib's own technical notes)."""
BOMB_BYTES, BOMB_RATIO = 256 * 2**20, 100
"""From this size on, what unpacks to more than that many times its own size is no images."""


def check_fits(name: str, size: int, remedy: str) -> None:
    """Raise DataError where `size` bytes would take more than half of the memory that is free."""
    free = psutil.virtual_memory().available
    if size > free // 2:
        raise DataError(f"{name}: takes {amount(size)} in memory, of which {amount(free)} are free", remedy)


def check_unpacks(name: str, packed: int, unpacked: int, remedy: str) -> None:
    """Raise DataError where `packed` bytes cannot be, or should not be, unpacked to `unpacked` bytes."""
    if unpacked > packed * DEFLATE + 2**16 or (unpacked > BOMB_BYTES and unpacked > packed * BOMB_RATIO):
        raise DataError(
            f"{name}: claims to unpack from {amount(packed)} to {amount(unpacked)}, which images never do",
            "it is damaged, or made to fill your memory: get it from elsewhere",
        )
    check_fits(name, unpacked, remedy)


def amount(size: int) -> str:
    """Bytes as people say them."""
    value, unit = float(size), "bytes"
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if value < 1000 or unit == "PB":
            break
        value /= 1000
    return f"{value:.0f} bytes" if unit == "bytes" else f"{value:.3g} {unit}"


def file_size(path: Path) -> int:
    """In bytes; raises DataError."""
    try:
        return path.stat().st_size
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})", "check the path") from error
