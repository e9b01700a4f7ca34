"""Out of memory on the device: recognise it, and go on with smaller batches."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.errors import ModelError


class OutOfMemory(ModelError):
    """The device has too little memory for a batch."""


WORDS = (
    "not enough memory",  # the CPU's allocator
    "out of memory",  # CUDA error: out of memory (torch.AcceleratorError), HIP, MPS
    "cudnn_status_alloc_failed",
    "cublas_status_alloc_failed",
    "cusolver_status_alloc_failed",
    "unable to find an engine",  # cuDNN: no algorithm's workspace fits
    "unable to find a valid cudnn algorithm",
)
"""What torch's RuntimeErrors say, in lower case, where memory is short and the error has no type of its own."""
ADVICE = "free memory on the device, or use another one, and repeat the command: it goes on from there"


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether the device ran out of memory, or the error was raised because it did."""
    while error is not None:
        if isinstance(error, (OutOfMemory, torch.OutOfMemoryError, MemoryError)):
            return True
        if isinstance(error, RuntimeError) and any(words in str(error).lower() for words in WORDS):
            return True
        error = error.__cause__
    return False


@contextmanager
def explained_memory_errors(where: str) -> Iterator[None]:
    """Raises OutOfMemory, which says `where`, in place of any other error that means it."""
    try:
        yield
    except OutOfMemory:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(f"{where}: out of memory; what was computed before is kept", ADVICE) from error


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
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.empty_cache()
