"""Limits on what a file may take in memory: no more than is free, and no more than the file can hold."""

from pathlib import Path

import psutil

from thinice_tui.errors import DataError, ThiniceError

MAX_DEFLATE_RATIO = 1032
"""Unpacked bytes per packed byte that deflate can reach (zlib's technical notes)."""
MAX_PLAIN_BYTES, MAX_PLAIN_RATIO = 256 * 2**20, 100
"""Above this size, a file that unpacks to more than this many times its own size is refused."""


def check_fits(name: str, size: int, remedy: str, error: type[ThiniceError] = DataError) -> None:
    """Raise `error` where `size` bytes would take more than half of the free memory."""
    free = psutil.virtual_memory().available
    if size > free // 2:
        raise error(f"{name}: takes {byte_text(size)} in memory, of which {byte_text(free)} are free", remedy)


def check_unpacks(name: str, packed: int, unpacked: int, remedy: str, error: type[ThiniceError] = DataError) -> None:
    """Raise `error` where `packed` bytes cannot unpack to `unpacked` bytes, or these would not fit into memory."""
    impossible = unpacked > packed * MAX_DEFLATE_RATIO + 2**16
    if impossible or (unpacked > MAX_PLAIN_BYTES and unpacked > packed * MAX_PLAIN_RATIO):
        raise error(
            f"{name}: claims to unpack from {byte_text(packed)} to {byte_text(unpacked)}, which real data never does",
            "the file is damaged, or made to fill your memory: get it from elsewhere",
        )
    check_fits(name, unpacked, remedy, error)


def byte_text(size: int) -> str:
    """`size` bytes with a unit and three digits: 1.23 MB."""
    value, unit = float(size), "bytes"
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if value < 1000 or unit == "PB":
            break
        value /= 1000
    return f"{value:.0f} bytes" if unit == "bytes" else f"{value:.3g} {unit}"


def file_size(path: Path, error: type[ThiniceError] = DataError) -> int:
    """Size in bytes; raises `error` where the file cannot be read."""
    try:
        return path.stat().st_size
    except OSError as caught:
        raise error(f"{path}: cannot be read ({caught.strerror})", "check the path") from caught
