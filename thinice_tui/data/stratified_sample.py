"""A stratified sample of a whole data set, for checks that must not depend on which samples are selected."""

import math

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.disk_arrays import Array
from thinice_tui.data.encoded_images import EncodedImages
from thinice_tui.data.layout import StoredImages
from thinice_tui.data.samples import Samples
from thinice_tui.data.selection import shuffled_keys
from thinice_tui.errors import DataError

MAX_IMAGES = 1000
"""The most images in a sample."""
MAX_BYTES = 256 * 2**20
"""The most bytes of these images, as they are stored."""
GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


def stratified_rows(count: int, most: int = MAX_IMAGES) -> NDArray[np.int64]:
    """At most `most` of `count` rows, int64, in an order of which every prefix is evenly spread over all rows.

    One row is drawn at random from each of `most` equal parts, so that no class is favoured, neither where the data
    is sorted by class nor where classes alternate. The parts are visited in steps of the golden ratio, of which every
    prefix is evenly spread (Weyl 1916).
    """
    size = min(count, most)
    parts = np.arange(size, dtype=np.int64)
    edges = np.arange(size + 1, dtype=np.int64) * count // size
    chance = shuffled_keys(parts, seed=0) >> np.uint64(32)
    rows = edges[:-1] + (chance % np.diff(edges).astype(np.uint64)).astype(np.int64)
    visited: NDArray[np.int64] = rows[np.argsort(np.argsort(parts * GOLDEN_RATIO % 1))]
    return visited


class StratifiedSample:
    """Up to 1000 images of a data set, each read once, when it is needed.

    Images that cannot be read or have another shape are skipped: they may not be among those selected for the run.
    """

    def __init__(self, whole: Samples, shape: tuple[int, ...] | None = None) -> None:
        """shape: [C,H,W] of the selected images; None: that of the first image."""
        shape = whole.images.shape[1:] if shape is None else shape
        self._whole, self._stored = whole, _read_separately(whole.images, shape)
        one = math.prod(shape) * whole.images.dtype.itemsize
        self._rows = stratified_rows(len(whole), min(MAX_IMAGES, max(1, MAX_BYTES // one)))
        self._images = np.empty((len(self._rows), *shape), dtype=whole.images.dtype)
        self._kept = np.empty(0, dtype=np.int64)
        """The rows whose images were read."""
        self._tried = 0
        self._error: DataError | None = None

    def __len__(self) -> int:
        """The number of images, skipped ones included."""
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an image: (C, H, W)."""
        return tuple(self._images.shape[1:])

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._whole.class_names

    def first(self, count: int) -> Samples:
        """The first `count` readable images, in memory; fewer where there are no more.

        Raises DataError where none can be read.
        """
        while len(self._kept) < min(count, len(self)) and self._tried < len(self):
            rows = self._rows[self._tried : self._tried + min(count, len(self)) - len(self._kept)]
            self._tried += len(rows)
            try:
                self._keep(rows, self._stored[rows])
            except DataError as error:
                self._error = self._error or error
                for at in range(len(rows)) if len(rows) > 1 else ():
                    self._read_alone(rows[at : at + 1])
        if not len(self._kept) and self._error is not None:
            raise self._error
        rows = self._kept[:count]
        return Samples(
            images=self._images[: len(rows)],
            labels=self._whole.labels[rows],
            indices=self._whole.indices[rows],
            class_names=self._whole.class_names,
            source=f"{self._whole.source}, {len(rows)} spread over it",
        )

    def _read_alone(self, row: NDArray[np.int64]) -> None:
        try:
            self._keep(row, self._stored[row])
        except DataError as error:
            self._error = self._error or error

    def _keep(self, rows: NDArray[np.int64], images: NDArray[np.generic]) -> None:
        done = len(self._kept)
        self._images[done : done + len(rows)] = images
        self._kept = np.concatenate([self._kept, rows])


def _read_separately(images: Array, shape: tuple[int, ...]) -> Array:
    """The same images, read without notes on their pixels and without decoding the first one for its size."""
    if isinstance(images, EncodedImages):
        return images.with_size(shape)
    return images.with_own_round_off() if isinstance(images, StoredImages) else images
