"""Memory that runs out on the device: recognised, and met with smaller batches."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.errors import ModelError


class OutOfMemory(ModelError):
    """A batch that the device has too little memory for."""


def is_out_of_memory(error: BaseException) -> bool:
    """Also what the CPU's allocator says, which is a plain RuntimeError."""
    if isinstance(error, (OutOfMemory, torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and "not enough memory" in str(error)


def in_pieces(
    forward: Callable[[NDArray[np.float32]], NDArray[np.float32]], images: NDArray[np.float32]
) -> NDArray[np.float32]:
    """`forward` of images [b,C,H,W], in halves of halves where memory runs out; one image alone must fit."""
    try:
        return forward(images)
    except Exception as error:
        if len(images) == 1 or not is_out_of_memory(error):
            raise
    free_cached()
    middle = len(images) // 2
    return np.concatenate([in_pieces(forward, part) for part in (images[:middle], images[middle:])])


def free_cached() -> None:
    """Give back what the allocator holds but does not use."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
