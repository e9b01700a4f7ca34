"""Which freed memory the C library keeps and which it returns to the system. Without glibc nothing changes."""

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""From glibc's malloc.h."""


def set_thresholds(mapped: int, kept: int | None = None) -> None:
    """Set glibc's limits for this process; it does not adapt a limit any more that was set.

    mapped: a block of at least so many bytes comes straight from the system, and goes back to it when freed.
    kept: of all other freed memory so many bytes stay with the process; None: glibc's default.
    """
    with suppress(AttributeError, OSError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, mapped)
        if kept is not None:
            mallopt(M_TRIM_THRESHOLD, kept)
