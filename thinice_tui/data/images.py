"""Stored images, whatever their layout and type, as [n,C,H,W] in uint8 or float32, checked as they are read."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.arrays import Array, Positions
from thinice_tui.errors import DataError

LOOKED_AT = 64
"""Images, spread over the data, that are read and checked before anything else is."""


class StoredImages:
    """Images [n,C,H,W], uint8 as stored or float32 in [0,1], brought into this form as they are read.

    Reading raises DataError where pixels are not finite or not in [0,1]: what is wrong is said when it is
    reached, and never attacked.
    """

    def __init__(self, stored: Array, source: str) -> None:
        """`stored`: as `check_images` takes it; raises DataError for a shape or type that cannot be meant."""
        self._stored, self._source = stored, source
        self._grey = len(stored.shape) == 3
        shape = (stored.shape[0], 1, *stored.shape[1:]) if self._grey else stored.shape
        if len(shape) != 4 or 0 in shape:
            raise DataError(
                f"{source}: images have shape {stored.shape}", "expected [n, height, width, channels] or channels first"
            )
        first, last = shape[1] in (1, 3), shape[3] in (1, 3)
        if not first and not last:
            raise DataError(f"{source}: images have shape {shape}, expected 1 or 3 channels, first or last")
        self._last = last and not first
        kind = stored.dtype
        if kind != np.uint8 and not np.issubdtype(kind, np.floating):
            raise DataError(f"{source}: images are {kind}", "expected uint8 in [0,255] or floats in [0,1]")
        self.shape = (shape[0], shape[3], shape[1], shape[2]) if self._last else shape
        self.dtype: np.dtype[Any] = np.dtype(np.uint8 if kind == np.uint8 else np.float32)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, positions: Positions) -> NDArray[Any]:
        images = self._stored[positions]
        if self._grey:
            images = images[:, None]
        if self._last:
            images = images.transpose(0, 3, 1, 2)
        if self.dtype == np.uint8:
            return np.ascontiguousarray(images)
        with np.errstate(over="ignore"):  # a float64 beyond float32 is infinite, and said to be so
            floats = np.ascontiguousarray(images, dtype=np.float32)
        _check_range(floats, self._source)
        return floats


def check_images(stored: Array, source: str) -> StoredImages:
    """Images [n,H,W], [n,H,W,C] or [n,C,H,W] (C: 1 or 3), uint8 or floats in [0,1], ready to be read on demand.

    A few, spread over all, are read and checked at once; the others when they are read. Raises DataError.
    """
    images = StoredImages(stored, source)
    images[spread(len(images))]
    return images


def spread(count: int, most: int = LOOKED_AT) -> NDArray[np.int64]:
    """At most `most` positions among `count`, evenly, the first and the last included."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _check_range(floats: NDArray[np.float32], source: str) -> None:
    if not floats.size:
        return
    low, high = float(floats.min()), float(floats.max())
    if not np.isfinite(low) or not np.isfinite(high):  # NaN passes through min and max
        bad = int(np.count_nonzero(~np.isfinite(floats).all(axis=(1, 2, 3))))
        raise DataError(
            f"{source}: {bad} images of {len(floats)} that were read hold NaN or infinite pixels",
            "expected numbers in [0,1]",
        )
    if low < 0 or high > 1:
        hint = "they look normalised: store them before normalisation and give --normalize"
        if low >= 0 and 1 < high <= 255:
            hint = "they look like [0,255]: divide by 255, or store them as uint8"
        raise DataError(f"{source}: pixels are in [{low:.4g}, {high:.4g}], expected [0, 1]", hint)
