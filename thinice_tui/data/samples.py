"""Images and labels for a run, read when they are needed."""

import hashlib
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.disk_arrays import Array, Positions, SelectedRows
from thinice_tui.data.encoded_images import EncodedImages
from thinice_tui.data.layout import RoundOff
from thinice_tui.errors import DataError
from thinice_tui.protocol.pixels import as_floats

PIECE_BYTES = 16 * 2**20
"""The most bytes of images in memory at once while all images are read."""
_ALL = slice(None)


@dataclass(frozen=True)
class Samples:
    """Some samples of a data set.

    images: [n,C,H,W], uint8 in [0,255] or float32 in [0,1], read from disk on demand unless they are an array
    in memory; labels: int64 [n]; indices: int64 [n], each sample's position in the original data, whatever was
    selected; class_names: by label, empty where the data has none; source: the spec, and what was done to the data.
    remarks: what was decided on reading, such as how labels were numbered. classes: the number of classes that a model
    must have for the labels to be right; None: any that covers the labels. remedy: what to do where labels do not fit
    a model. round_off: of the pixels read so far.
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
        """Images at `positions`, float32 in [0,1]; uint8 is divided by 255. All are in memory at once."""
        return as_floats(self.images[positions])

    def read_ahead(self, positions: NDArray[np.int64]) -> None:
        """Say that the images at `positions` are asked for next: encoded ones are decoded meanwhile."""
        if isinstance(self.images, EncodedImages):
            self.images.read_ahead(positions)

    def in_turn(self, batches: Sequence[NDArray[np.int64]]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Each batch's positions [b] with its images as `floats` gives them; the next one's are decoded meanwhile."""
        for positions, following in itertools.zip_longest(batches, batches[1:]):
            images = self.floats(positions)
            if following is not None:
                self.read_ahead(following)
            yield positions, images

    def pieces(self) -> Iterator[NDArray[np.generic]]:
        """All images in order, as stored, in arrays [b,C,H,W] of at most PIECE_BYTES bytes; raises DataError."""
        one = math.prod(self.images.shape[1:]) * self.images.dtype.itemsize
        size = max(1, PIECE_BYTES // max(one, 1))
        for start in range(0, len(self), size):
            yield self.images[start : start + size]

    def each(self) -> Iterator[NDArray[np.generic]]:
        """All images in order, one by one, as stored: [C,H,W]; raises DataError."""
        for piece in self.pieces():
            yield from piece

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over shapes, images, labels and indices: equal for equal data, whatever file it was read from.

        Reads all images once, so that each is checked before any is attacked; raises DataError.
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
        """What was decided on reading, shown before a run and stored with it; reads all images."""
        assert self.fingerprint
        clipped = str(self.round_off or "")
        return (*self.remarks, clipped) if clipped else self.remarks

    def take(self, rows: NDArray[np.int64], done: str) -> "Samples":
        """The samples at `rows`, in that order, with their original indices; `done` is added to the source."""
        images = self.images
        return replace(
            self,
            images=images.select(rows) if isinstance(images, EncodedImages) else SelectedRows(images, rows),
            labels=self.labels[rows],
            indices=self.indices[rows],
            source=f"{self.source}, {done}",
        )

    def first(self, n: int | None) -> "Samples":
        """The first n samples; None: all. Raises DataError where there are fewer."""
        if n is None or n == len(self):
            return self
        if not 1 <= n <= len(self):
            raise DataError(
                f"--samples {n}: {self.source} holds {len(self)} samples", f"ask for 1 to {len(self)}, or leave it out"
            )
        return self.take(np.arange(n), f"the first {n}")

    def named(self, class_names: tuple[str, ...]) -> "Samples":
        """The same samples with other class names."""
        return replace(self, class_names=class_names)
