"""How many images a batch can have on a GPU: measured on a few, so that whole batches fit into its memory."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.attacks.losses import logit_margins
from thinice_tui.engine.worker.attack_model import AttackModel
from thinice_tui.engine.worker.device import default_batch_size
from thinice_tui.engine.worker.memory import free_cached, is_out_of_memory

MEASURED = 32
"""Images on which the memory is measured."""
SHARE = 0.8
"""The share of the free memory that a batch may take: other sizes have other kernels, which need other memory."""
BUFFERS = 16
"""Arrays of an image's size that an attack holds beside what the passes take: iterates, gradients, random numbers."""


class DeviceMemory(Protocol):
    """The memory of a device, in bytes."""

    def free(self) -> int:
        """What can still be taken."""

    def peak(self, compute: Callable[[], object]) -> int:
        """What `compute` took at most, beyond what was taken before."""


class CudaMemory:
    """The memory of a GPU, as torch's allocator counts it."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def free(self) -> int:
        """What the driver has, and what the allocator holds without using it."""
        unused = torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
        return int(torch.cuda.mem_get_info(self._device)[0]) + unused

    def peak(self, compute: Callable[[], object]) -> int:
        before = torch.cuda.memory_allocated(self._device)
        torch.cuda.reset_peak_memory_stats(self._device)
        compute()
        torch.cuda.synchronize(self._device)
        return torch.cuda.max_memory_allocated(self._device) - before


def memory_of(device: torch.device) -> DeviceMemory | None:
    """The device's memory; None where batches are not measured, as on a CPU."""
    return CudaMemory(device) if device.type == "cuda" else None


def fitting_batch_size(attack_model: AttackModel, images: NDArray[np.float32], device: torch.device) -> int:
    """The most images of a batch against the model, a power of two, at most `default_batch_size`; that on a CPU.

    images [n,C,H,W] are passed forward and backward, MEASURED of them, fewer where even these do not fit. Raises what
    the model raises on a single one. It decides no outcome, so that another device, or another day, may give another.
    """
    most, memory = default_batch_size(device), memory_of(device)
    if memory is None:
        return most
    count = min(MEASURED, most)
    while True:
        batch = np.resize(images, (count, *images.shape[1:]))
        try:
            peak = memory.peak(lambda some=batch: _pass(attack_model, torch.from_numpy(some).to(device)))  # type: ignore[misc]
            break
        except Exception as error:
            if count == 1 or not is_out_of_memory(error):
                raise
        free_cached()
        count //= 2
    each = peak / count + BUFFERS * images[0].nbytes
    room = int(SHARE * memory.free() / each)
    return min(most, 1 << max(room.bit_length() - 1, 0))


def _pass(attack_model: AttackModel, images: torch.Tensor) -> None:
    """Forward, and backward to the images, as a step of an attack."""
    inputs = images.requires_grad_()
    with torch.enable_grad(), attack_model.searching():
        logits = attack_model.module(inputs)
        margins = logit_margins(logits, logits.detach().argmax(dim=1))
        torch.autograd.grad(margins.sum(), inputs, allow_unused=True)
