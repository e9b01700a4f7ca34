"""Images and labels ready for a run, read as they are needed."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.arrays import Array, Chosen, Positions
from thinice_tui.errors import DataError
from thinice_tui.pixels import as_floats

PIECE = 16 * 2**20
"""Bytes of images that are in memory at once where all are gone through."""
_ALL = slice(None)


@dataclass(frozen=True)
class Samples:
    """Some samples of a data set.

    images: [n,C,H,W], uint8 in [0,255] or float32 in [0,1], read from disk on demand unless they are an array
    in memory; labels: int64 [n]; indices: int64 [n], each sample's position in the original data, whatever was
    selected; class_names: empty when the data does not name them; source: where from, and what was done to it.
    """

    images: Array
    labels: NDArray[np.int64]
    indices: NDArray[np.int64]
    class_names: tuple[str, ...]
    source: str

    def __len__(self) -> int:
        return len(self.labels)

    def floats(self, positions: Positions = _ALL) -> NDArray[np.float32]:
        """Images at `positions` as float32 in [0,1]; uint8 is divided by 255. All at once only where they are few."""
        return as_floats(self.images[positions])

    def pieces(self) -> Iterator[NDArray[np.generic]]:
        """All images in order, as stored, in arrays [b,C,H,W] of at most PIECE bytes; raises DataError as they are."""
        one = math.prod(self.images.shape[1:]) * self.images.dtype.itemsize
        size = max(1, PIECE // max(one, 1))
        for start in range(0, len(self), size):
            yield self.images[start : start + size]

    def each(self) -> Iterator[NDArray[np.generic]]:
        """All images in order, one by one, as stored: [C,H,W]."""
        for piece in self.pieces():
            yield from piece

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over shapes, images, labels and indices: the same data, wherever it was read from.

        Reads all of it once, so that every image has been checked before any is attacked; raises DataError.
        """
        shape = tuple(int(size) for size in self.images.shape)
        digest = hashlib.sha256(repr((shape, str(self.images.dtype))).encode())
        for piece in self.pieces():
            digest.update(np.ascontiguousarray(piece).data)
        for array in (self.labels, self.indices):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def take(self, rows: NDArray[np.int64], done: str) -> "Samples":
        """The samples at `rows`, in that order, with the indices they have; `done` is added to the source."""
        return replace(
            self,
            images=Chosen(self.images, rows),
            labels=self.labels[rows],
            indices=self.indices[rows],
            source=f"{self.source}, {done}",
        )

    def first(self, n: int | None) -> "Samples":
        """The first n samples; None: all. Raises DataError when there are fewer."""
        if n is None or n == len(self):
            return self
        if not 1 <= n <= len(self):
            raise DataError(
                f"--samples {n}: {self.source} holds {len(self)} samples", f"ask for 1 to {len(self)}, or leave it out"
            )
        return self.take(np.arange(n), f"the first {n}")

    def named(self, class_names: tuple[str, ...]) -> "Samples":
        """The same samples with class names from elsewhere."""
        return replace(self, class_names=class_names)
