"""How the C library keeps memory that is freed. A no-op where it is not glibc."""

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""From glibc's malloc.h."""


def set_thresholds(mapped: int, kept: int | None = None) -> None:
    """`mapped`: bytes from which memory comes straight from the system, and goes back to it when freed; `kept`: bytes
    of the rest that stay with the process when freed, None: as glibc has it. Set, neither changes by itself any more.
    """
    with suppress(AttributeError, OSError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, mapped)
        if kept is not None:
            mallopt(M_TRIM_THRESHOLD, kept)
