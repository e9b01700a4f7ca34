"""Reads data as every command does, and checks what was read."""

import numpy as np

from thinice_tui.data.samples import Samples
from thinice_tui.data.selection import select
from thinice_tui.data.spec import read_samples
from thinice_tui.protocol.data_options import DataOptions


def check_samples(samples: Samples, images: np.ndarray, labels: list[int]) -> None:
    assert samples.images.shape == images.shape and samples.images.dtype == images.dtype
    assert np.array_equal(samples.images[:], images)
    assert samples.labels.tolist() == labels and samples.labels.dtype == np.int64
    assert samples.indices.tolist() == list(range(len(labels)))


def read_checked(spec: str, options: DataOptions = DataOptions()) -> Samples:  # noqa: B008  # frozen
    """All samples, some of their images read and checked."""
    return select(read_samples(spec, options), DataOptions(), None)
