"""A stratified sample is evenly spread, reads each image once, and skips unreadable ones."""

import numpy as np
import pytest
from numpy.typing import NDArray

from thinice_tui.data.disk_arrays import Positions
from thinice_tui.data.layout import StoredImages
from thinice_tui.data.samples import Samples
from thinice_tui.data.stratified_sample import MAX_BYTES, MAX_IMAGES, StratifiedSample, stratified_rows
from thinice_tui.errors import DataError


class Counted:
    """Images whose pixels equal their row; reading a row in `bad` raises DataError."""

    def __init__(self, count: int, bad: tuple[int, ...] = (), side: int = 2) -> None:
        self.shape: tuple[int, ...] = (count, 3, side, side)
        self.dtype = np.dtype(np.uint8)
        self.reads: list[int] = []
        self._bad = bad

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, positions: Positions) -> NDArray[np.uint8]:
        rows = np.arange(*positions.indices(len(self))) if isinstance(positions, slice) else positions
        if any(row in self._bad for row in rows.tolist()):
            raise DataError(f"one of {len(rows)} images is bad")
        self.reads += rows.tolist()
        return np.broadcast_to((rows % 256).astype(np.uint8)[:, None, None, None], (len(rows), *self.shape[1:]))


def samples(images: Counted) -> Samples:
    rows = np.arange(len(images))
    return Samples(images, rows * 10 // len(rows), rows + 5, (), "made")


@pytest.mark.parametrize("count", [1, 7, 64, 999, 1000, 1001, 10_000, 1_281_167])
def test_rows_are_unique_and_every_prefix_is_evenly_spread(count: int) -> None:
    rows = stratified_rows(count)
    assert len(rows) == min(count, MAX_IMAGES) == len(set(rows.tolist())) and 0 <= rows.min() <= rows.max() < count
    for size in (64, 256, 1000):
        if size <= len(rows):
            tenths = np.bincount(rows[:size] * 10 // count, minlength=10)
            assert tenths.max() - tenths.min() <= 4, "data sorted by class: each class is there as often"


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_alternating_classes_are_all_sampled(classes: int) -> None:
    """Every tenth of 10 000 samples would be of one class."""
    labels = stratified_rows(10_000) % classes
    assert (
        len(np.unique(labels)) == classes and np.bincount(labels).max() <= 1000 / classes + 5 * (1000 / classes) ** 0.5
    )


def test_each_image_is_read_once_and_only_when_needed() -> None:
    images = Counted(5000)
    probe = StratifiedSample(samples(images))
    assert images.reads == []
    first, more = probe.first(8), probe.first(64)
    assert (
        len(images.reads) == 64 == len(set(images.reads)) and probe.first(64).indices.tolist() == more.indices.tolist()
    )
    assert more.indices[:8].tolist() == first.indices.tolist()
    assert (more.images[:][:, 0, 0, 0] == (more.indices - 5) % 256).all(), "an image and its index belong together"
    assert (more.labels == (more.indices - 5) * 10 // 5000).all()


def test_unreadable_images_are_skipped() -> None:
    bad = tuple(stratified_rows(100)[:3].tolist())
    probe = StratifiedSample(samples(Counted(100, bad)))
    found = probe.first(64)
    assert len(found) == 64 and not set(bad) & set((found.indices - 5).tolist())
    assert len(probe.first(1000)) == 97
    with pytest.raises(DataError, match="is bad"):
        StratifiedSample(samples(Counted(10, tuple(range(10))))).first(4)


def test_large_images_are_fewer() -> None:
    assert len(StratifiedSample(samples(Counted(2000, side=1024)))) == MAX_BYTES // (3 * 1024 * 1024)


def test_an_image_with_nan_is_skipped() -> None:
    images = np.random.default_rng(0).random((100, 3, 4, 4)).astype(np.float32)
    row = int(stratified_rows(100)[5])
    images[row] = np.nan
    whole = Samples(StoredImages(images, "made"), np.arange(100) % 2, np.arange(100), (), "made")
    assert len(StratifiedSample(whole).first(64)) == 64 and row not in StratifiedSample(whole).first(100).indices
