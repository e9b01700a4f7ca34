"""Images and labels ready for a run, checked."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import DataError

Images = NDArray[np.uint8] | NDArray[np.float32]
_ALL = slice(None)


@dataclass(frozen=True)
class Samples:
    """The first n samples of a data set, in its own order.

    images: [n,C,H,W], uint8 in [0,255] or float32 in [0,1]; labels: int64 [n]; indices: int64 [n], each
    sample's position in the original data; class_names: empty when the data does not name them.
    """

    images: Images
    labels: NDArray[np.int64]
    indices: NDArray[np.int64]
    class_names: tuple[str, ...]
    source: str

    def __len__(self) -> int:
        return len(self.labels)

    def floats(self, positions: NDArray[np.int64] | slice = _ALL) -> NDArray[np.float32]:
        """Images at `positions` as float32 in [0,1]; uint8 is divided by 255. All at once only where they are few."""
        chosen = self.images[positions]
        if chosen.dtype == np.uint8:
            return chosen.astype(np.float32) / np.float32(255)
        return chosen.astype(np.float32, copy=False)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over shapes, images, labels and indices: the same data, wherever it was read from."""
        digest = hashlib.sha256(repr((self.images.shape, str(self.images.dtype))).encode())
        for array in (self.images, self.labels, self.indices):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def first(self, n: int | None) -> "Samples":
        """The first n samples; None: all. Raises DataError when there are fewer."""
        if n is None or n == len(self):
            return self
        if not 1 <= n <= len(self):
            raise DataError(
                f"--samples {n}: {self.source} holds {len(self)} samples", f"ask for 1 to {len(self)}, or leave it out"
            )
        return replace(self, images=self.images[:n], labels=self.labels[:n], indices=self.indices[:n])

    def named(self, class_names: tuple[str, ...]) -> "Samples":
        """The same samples with class names from elsewhere."""
        return replace(self, class_names=class_names)


def check_images(images: NDArray[np.generic], source: str) -> Images:
    """Any numeric image array to [n,C,H,W], uint8 or float32 in [0,1]; raises DataError.

    Grey images may lack the channel axis; channels (1 or 3) may come first or last.
    """
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or 0 in images.shape:
        raise DataError(
            f"{source}: images have shape {images.shape}", "expected [n, height, width, channels] or channels first"
        )
    first, last = images.shape[1] in (1, 3), images.shape[3] in (1, 3)
    if not first and not last:
        raise DataError(f"{source}: images have shape {images.shape}, expected 1 or 3 channels, first or last")
    if last and not first:
        images = images.transpose(0, 3, 1, 2)
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images.astype(np.uint8, copy=False))
    if not np.issubdtype(images.dtype, np.floating):
        raise DataError(f"{source}: images are {images.dtype}", "expected uint8 in [0,255] or floats in [0,1]")
    floats = np.ascontiguousarray(images.astype(np.float32))
    if not np.isfinite(floats).all():
        bad = int(np.count_nonzero(~np.isfinite(floats).all(axis=(1, 2, 3))))
        raise DataError(f"{source}: {bad} images hold NaN or infinite pixels", "expected numbers in [0,1]")
    low, high = float(floats.min()), float(floats.max())
    if low < 0 or high > 1:
        hint = "they look normalised: store them before normalisation and give --normalize"
        if low >= 0 and 1 < high <= 255:
            hint = "they look like [0,255]: divide by 255, or store them as uint8"
        raise DataError(f"{source}: pixels are in [{low:.4g}, {high:.4g}], expected [0, 1]", hint)
    return floats


def check_labels(labels: NDArray[np.generic], count: int, source: str) -> NDArray[np.int64]:
    """Any integer label array to int64 [count]; raises DataError."""
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (count,):
        raise DataError(f"{source}: labels have shape {labels.shape}", f"expected one a sample, [{count}]")
    if not np.issubdtype(labels.dtype, np.integer):
        raise DataError(f"{source}: labels are {labels.dtype}", "expected whole numbers from 0, one a sample")
    if labels.size and int(labels.min()) < 0:
        raise DataError(f"{source}: the lowest label is {int(labels.min())}", "expected whole numbers from 0")
    return labels.astype(np.int64)
