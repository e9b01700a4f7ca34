"""Out of memory: recognised, and images passed in halves."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from thinice_tui.engine.worker.memory import OutOfMemory, in_pieces, is_out_of_memory


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), True),
        (MemoryError(), True),
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
