"""The device that computes a run, and full precision on it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from thinice_tui.errors import UsageError


def choose_device(name: str) -> torch.device:
    """The device of that name, as torch names it; `auto`: the first CUDA GPU, else the CPU. Raises UsageError."""
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device, dtype=torch.float64)  # verification is in double; mps has none
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        raise UsageError(f"--device {name}: not usable here", f"expected one of {', '.join(_usable())}") from error
    if device.type == "meta":
        raise UsageError("--device meta: computes nothing", f"expected one of {', '.join(_usable())}")
    return device


def _usable() -> list[str]:
    return ["auto", "cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]


def describe(device: torch.device) -> str:
    """The device with its GPU's name or its number of threads, for the run file and the report."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({torch.get_num_threads()} threads)" if device.type == "cpu" else str(device)


def default_batch_size(device: torch.device) -> int:
    """Images in a batch: enough to keep the device busy; fewer on a CPU, so that a crash loses little."""
    return 512 if device.type == "cuda" else 128


@contextmanager
def full_precision() -> Iterator[None]:
    """Sets IEEE float32 (no TF32) and deterministic convolutions, and restores the settings afterwards."""
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = (cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic, matmul.allow_tf32)
    cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic, matmul.allow_tf32 = False, False, True, False
    try:
        yield
    finally:
        cudnn.allow_tf32, cudnn.benchmark, cudnn.deterministic, matmul.allow_tf32 = before
