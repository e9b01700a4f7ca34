"""What a process that computes asks of the system, before torch is imported. No torch here."""

import ctypes
import os
from contextlib import suppress

SPINS = "1000"
"""Turns that an idle OpenMP thread waits for work before it sleeps. By default it turns for milliseconds: beside
another busy process a pass takes ten times as long."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT, MAPPED = 1 << 30, 1 << 25
"""Bytes that are kept when freed, and up to which a tensor's memory can be used again. By default glibc returns them
to the system after nearly every operation, and the page faults cost up to a fifth of an attack's step."""


def prepare_process() -> None:
    """Set both; what the user has set in the environment stays. A no-op where the C library is another."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_TRIM_THRESHOLD, KEPT)
        mallopt(M_MMAP_THRESHOLD, MAPPED)
