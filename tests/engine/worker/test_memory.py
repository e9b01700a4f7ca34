"""Out of memory: recognised, and images passed in halves."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from thinice_tui.engine.worker.memory import OutOfMemory, explained_memory_errors, in_pieces, is_out_of_memory


def caused(error: Exception, cause: Exception) -> Exception:
    """`error`, raised from `cause`, as a network's own code may do."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), True),
        (MemoryError(), True),
        (RuntimeError("CUDA error: out of memory\nCompile with TORCH_USE_CUDA_DSA"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("GET was unable to find an engine to execute this computation"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (caused(ValueError("a layer failed"), torch.OutOfMemoryError("CUDA out of memory")), True),
        (caused(ValueError("a layer failed"), KeyError("weight")), False),
        (OutOfMemory("dense"), True),
        (RuntimeError("shapes differ"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_every_devices_error_is_recognised(error: BaseException, expected: bool) -> None:
    assert is_out_of_memory(error) == expected


@pytest.mark.parametrize(("n", "fits"), [(1, 1), (7, 3), (8, 8), (9, 1)])
def test_images_pass_in_pieces_that_fit_and_in_their_order(n: int, fits: int) -> None:
    sizes: list[int] = []

    def forward(images: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(images) > fits:
            raise MemoryError
        sizes.append(len(images))
        return images * 2

    images = np.arange(n, dtype=np.float32)
    assert np.array_equal(in_pieces(forward, images), images * 2)
    assert max(sizes) <= fits and sum(sizes) == n


def test_one_image_that_does_not_fit_is_an_error_and_so_is_any_other() -> None:
    def forward(_: NDArray[np.float32]) -> NDArray[np.float32]:
        raise MemoryError

    def wrong(_: NDArray[np.float32]) -> NDArray[np.float32]:
        raise ValueError("wrong")

    with pytest.raises(MemoryError):
        in_pieces(forward, np.zeros(4, np.float32))
    with pytest.raises(ValueError, match="wrong"):
        in_pieces(wrong, np.zeros(4, np.float32))


def test_only_errors_of_memory_are_explained() -> None:
    with (
        pytest.raises(OutOfMemory, match=r"dense, gradients: out of memory") as caught,
        explained_memory_errors("dense, gradients"),
    ):
        raise MemoryError
    assert "free memory on the device" in caught.value.do
    with pytest.raises(OutOfMemory, match="inner"), explained_memory_errors("outer"):
        raise OutOfMemory("inner")
    with pytest.raises(ZeroDivisionError), explained_memory_errors("dense"):
        raise ZeroDivisionError
