"""Full precision: float32 as IEEE 754 defines it, whatever the user's code has set."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch

IEEE, HIGHEST = "ieee", "highest"


@contextmanager
def full_precision() -> Iterator[None]:
    """Sets float32 without TF32 or bf16 inside, and deterministic convolutions; restores the settings afterwards.

    torch has two ways to say so: per operation (`fp32_precision`, from torch 2.9 on), and flags of before. Reading a
    flag raises where an operation was set to something else, so each is set in both ways, and a flag that cannot be
    read is left as it is set here.
    """
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark, cudnn.deterministic
    restore_precision = _set_ieee()
    cudnn.benchmark, cudnn.deterministic = False, True
    try:
        yield
    finally:
        cudnn.benchmark, cudnn.deterministic = before
        restore_precision()


def _set_ieee() -> Callable[[], None]:
    """Set every operation to IEEE float32; returns what sets the values of before."""
    operations = [operation for operation in _operations() if hasattr(operation, "fp32_precision")]
    stored = [operation.fp32_precision for operation in operations]
    convolutions = matmul = None
    with suppress(RuntimeError):
        convolutions = torch.backends.cudnn.allow_tf32
    with suppress(RuntimeError):
        matmul = torch.get_float32_matmul_precision()

    def restore() -> None:
        if convolutions is not None:
            torch.backends.cudnn.allow_tf32 = convolutions
        if matmul is not None:
            torch.set_float32_matmul_precision(matmul)
        for operation, precision in zip(operations, stored, strict=True):
            operation.fp32_precision = precision

    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision(HIGHEST)
    for operation in operations:
        operation.fp32_precision = IEEE
    return restore


def _operations() -> list[Any]:
    """What has a precision of its own: matrix products, convolutions and recurrences, on GPUs and on CPUs."""
    backends: Any = torch.backends
    found = [backends.cuda.matmul]
    for backend, names in ((backends.cudnn, ("conv", "rnn")), (backends.mkldnn, ("matmul", "conv", "rnn"))):
        found += [getattr(backend, name) for name in names if hasattr(backend, name)]
    return found
