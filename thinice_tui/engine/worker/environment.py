"""Settings of a process that computes: threads, memory and priority. They are made before torch is imported.

Each figure was measured on two cores, on the sample models, in alternating runs with and without the setting.
"""

import os
from contextlib import suppress
from pathlib import Path

from thinice_tui.safe_io.allocator import set_thresholds

SPIN_COUNT = "1000"
"""Times that an idle OpenMP thread checks for work before it sleeps; 300,000 by default. Beside busy processes a PGD
step on 64 images took 0.12 s instead of 6.0 s (0.05 s instead of 0.76 s of CPU time): a thread that spins keeps the one
that it waits for from its core."""
TRIM_THRESHOLD, MMAP_THRESHOLD = 1 << 30, 1 << 25
"""Bytes of freed memory that the process keeps, and size from which memory comes from the system instead. By default
glibc returns most tensors to the system at once; a PGD step on 128 images took 0.112 s of CPU time instead of 0.092 s,
with 10,400 page faults instead of 170."""
NICENESS = 5
"""Lower priority than the view's. A process that wakes every 20 ms for 2 ms of work was late by 35 ms instead of 45 ms
(95th percentile) beside two busy engines."""


CUDA_ALLOCATOR = ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"), "expandable_segments:True"
"""torch's names, of before and since 2.9, for the settings of its CUDA allocator. With expandable segments memory does
not fragment where batches shrink as samples break."""


def process_variables() -> dict[str, str]:
    """The spin count and the CUDA allocator's settings as environment variables, unless the user's sets its own."""
    names, segments = CUDA_ALLOCATOR
    found = {} if any(name in os.environ for name in names) else {names[0]: segments}
    if not any(name in os.environ for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")):
        found["GOMP_SPINCOUNT"] = SPIN_COUNT
    return found


def prepare_process() -> None:
    """Set the spin count and the allocators' settings, unless the user's environment sets its own."""
    os.environ.update(process_variables())
    if not any(name.startswith("MALLOC_") for name in os.environ):
        set_thresholds(MMAP_THRESHOLD, TRIM_THRESHOLD)


def lower_priority() -> None:
    """Let other processes run first; for an engine that leads a session of its own."""
    os.nice(NICENESS)
    # With autogroups, Linux compares niceness within a session only; this is the session's own niceness.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICENESS))
