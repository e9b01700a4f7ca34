"""Images and labels ready for a run, read as they are needed."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.decoding import Pictures
from thinice_tui.data.disk_arrays import Array, Chosen, Positions
from thinice_tui.data.layout import RoundOff
from thinice_tui.errors import DataError
from thinice_tui.protocol.pixels import as_floats

PIECE = 16 * 2**20
"""Bytes of images that are in memory at once where all are gone through."""
_ALL = slice(None)


@dataclass(frozen=True)
class Samples:
    """Some samples of a data set.

    images: [n,C,H,W], uint8 in [0,255] or float32 in [0,1], read from disk on demand unless they are an array
    in memory; labels: int64 [n]; indices: int64 [n], each sample's position in the original data, whatever was
    selected; class_names: empty when the data does not name them; source: where from, and what was done to it.
    remarks: what was decided on reading, as how labels were numbered. classes: how many classes a model must know,
    where only that makes its labels right; None: no more than the highest. remedy: what to do where labels do not
    fit a model. round_off: of the pixels read so far.
    """

    images: Array
    labels: NDArray[np.int64]
    indices: NDArray[np.int64]
    class_names: tuple[str, ...]
    source: str
    remarks: tuple[str, ...] = ()
    classes: int | None = None
    remedy: str = ""
    round_off: RoundOff | None = None

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

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided about these data, to be said before a run and kept with it; goes through all of them."""
        assert self.fingerprint
        clipped = str(self.round_off or "")
        return (*self.remarks, clipped) if clipped else self.remarks

    def take(self, rows: NDArray[np.int64], done: str) -> "Samples":
        """The samples at `rows`, in that order, with the indices they have; `done` is added to the source."""
        images = self.images
        return replace(
            self,
            images=images.only(rows) if isinstance(images, Pictures) else Chosen(images, rows),
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
