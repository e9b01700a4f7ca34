"""Full precision: float32 as IEEE 754 defines it, whatever the user's code has set; and TF32, to search with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch

IEEE, TF32 = "ieee", "tf32"
MATMUL = {IEEE: "highest", TF32: "high"}
"""The same of matrix products, in the words of torch before 2.9."""


@contextmanager
def full_precision() -> Iterator[None]:
    """Sets float32 without TF32 or bf16 inside, and deterministic convolutions; restores the settings afterwards.

    torch has two ways to say so: per operation (`fp32_precision`, from torch 2.9 on), and flags of before. Reading a
    flag raises where an operation was set to something else, so each is set in both ways, and a flag that cannot be
    read is left as it is set here.
    """
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark, cudnn.deterministic
    restore_precision = _set_float32(IEEE)
    cudnn.benchmark, cudnn.deterministic = False, True
    try:
        yield
    finally:
        cudnn.benchmark, cudnn.deterministic = before
        restore_precision()


@contextmanager
def tensor_float32() -> Iterator[None]:
    """Lets GPUs round the factors of float32 products to TF32 inside; restores the settings afterwards."""
    restore_precision = _set_float32(TF32)
    try:
        yield
    finally:
        restore_precision()


def _set_float32(on_gpus: str) -> Callable[[], None]:
    """Set every operation to IEEE float32, those on GPUs to `on_gpus`; returns what sets the values of before."""
    gpu, cpu = _operations()
    operations = [*gpu, *cpu]
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

    torch.backends.cudnn.allow_tf32 = on_gpus == TF32
    torch.set_float32_matmul_precision(MATMUL[on_gpus])
    for operation in operations:
        operation.fp32_precision = on_gpus if operation in gpu else IEEE
    return restore


def _operations() -> tuple[list[Any], list[Any]]:
    """What has a precision of its own, on GPUs and on CPUs: matrix products, convolutions and recurrences."""
    backends: Any = torch.backends
    names = "conv", "rnn", "matmul"
    gpu = [backends.cuda.matmul, *(getattr(backends.cudnn, name, None) for name in names)]
    cpu = [getattr(backends.mkldnn, name, None) for name in names]
    return tuple([one for one in some if hasattr(one, "fp32_precision")] for some in (gpu, cpu))  # type: ignore[return-value]
