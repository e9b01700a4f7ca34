"""Out of memory on the device: recognise it, and go on with smaller batches."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.errors import ModelError


class OutOfMemory(ModelError):
    """The device has too little memory for a batch."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the device ran out of memory; the CPU's allocator raises a plain RuntimeError."""
    if isinstance(error, (OutOfMemory, torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and "not enough memory" in str(error)


def in_pieces(
    forward: Callable[[NDArray[np.float32]], NDArray[np.float32]], images: NDArray[np.float32]
) -> NDArray[np.float32]:
    """`forward(images)` for images [b,C,H,W], halved again and again where memory runs out.

    Raises what `forward` raises on a single image, or for another reason than memory.
    """
    try:
        return forward(images)
    except Exception as error:
        if len(images) == 1 or not is_out_of_memory(error):
            raise
    free_cached()
    middle = len(images) // 2
    return np.concatenate([in_pieces(forward, part) for part in (images[:middle], images[middle:])])


def free_cached() -> None:
    """Return the memory that the allocator holds but does not use."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
