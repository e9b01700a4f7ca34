"""Decoded images that are kept in memory, up to a bound."""

import resource
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

CGROUP = Path("/sys/fs/cgroup")
"""Where a container sees its limits."""
MOST_BYTES = 2 * 2**30
FREE_SHARE = 0.25
"""The share of the memory that is free at the first image, which the cache may take."""


def free_memory() -> int:
    """Bytes that this process may still take: of the machine, of its container, and of its own limit."""
    found = [psutil.virtual_memory().available]
    with suppress(OSError, ValueError):  # no cgroup of version 2, or one without a limit ("max")
        found.append(int((CGROUP / "memory.max").read_text()) - int((CGROUP / "memory.current").read_text()))
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        found.append(limit - psutil.Process().memory_info().vms)
    return max(0, min(found))


class ImageCache:
    """Images uint8 [C,H,W] by row. What does not fit is not kept, and nothing is given up for it.

    A run goes through its images again and again in the same order: to give up the one that was used longest ago would
    give up each just before it is needed.
    """

    def __init__(self, most_bytes: int | None = None) -> None:
        """most_bytes: None: a quarter of what is free, at most 2 GiB."""
        self._given = most_bytes
        self._kept: dict[int, NDArray[np.uint8]] = {}
        self._bytes = 0

    @cached_property
    def _bound(self) -> int:
        if self._given is not None:
            return self._given
        return min(MOST_BYTES, int(FREE_SHARE * free_memory()))

    def add(self, row: int, image: NDArray[np.uint8]) -> None:
        """Keep the image, where there is room."""
        if row not in self._kept and self._bytes + image.nbytes <= self._bound:
            self._kept[row] = image
            self._bytes += image.nbytes

    def missing(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places in `rows` [b] whose images are not kept."""
        return np.flatnonzero([row not in self._kept for row in rows.tolist()])

    def copy_into(self, images: NDArray[np.uint8], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Copy what is kept of `rows` [b] into images [b,C,H,W]; returns the places of the others."""
        missing = []
        for at, row in enumerate(rows.tolist()):
            if (kept := self._kept.get(row)) is None:
                missing.append(at)
            else:
                images[at] = kept
        return np.array(missing, dtype=np.int64)
