"""What a process that computes asks of the system, before torch is imported. No torch here."""

import os
from contextlib import suppress
from pathlib import Path

from thinice_tui.safe_io.allocator import set_thresholds

SPINS = "1000"
"""Turns that an idle OpenMP thread waits for work before it sleeps. By default it turns for milliseconds: beside
another busy process a pass takes ten times as long."""
KEPT, MAPPED = 1 << 30, 1 << 25
"""Bytes that are kept when freed, and up to which a tensor's memory can be used again. By default glibc returns them
to the system after nearly every operation, and the page faults cost up to a fifth of an attack's step."""
NICE = 5
"""So that the view, and whoever else shares the machine, is answered at once; a GPU does not mind."""


def prepare_process() -> None:
    """Set how threads wait and memory is kept; what the user has set in the environment stays."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    if not any(name.startswith("MALLOC_") for name in os.environ):
        set_thresholds(MAPPED, KEPT)


def step_back() -> None:
    """Let other processes come first. For one with a session of its own."""
    os.nice(NICE)
    # Where Linux groups processes by session, niceness counts within the group only: the group's own is set here.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICE))
