"""Images stored in any layout and type, read as [n,C,H,W] in uint8 or float32, and checked as they are read."""

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.disk_arrays import Array, Positions
from thinice_tui.errors import DataError

CHECKED_FIRST = 64
"""Images, evenly spaced over those selected, that are read and checked before a run begins."""
ROUND_OFF = 1e-6
"""How far outside [0,1] a pixel may be and still count as 0 or 1: the rounding of float32 arithmetic."""
OVERSHOOT = 0.1
"""How far outside [0,1] resampling takes pixels; normalised images are further outside."""
LAYOUTS = ("NCHW", "NHWC")
SHOWN = 3
"""The most indices that a message names."""


@dataclass
class RoundOff:
    """The range of the pixels that were read, at most ROUND_OFF outside [0,1]; these were clipped."""

    low: float = 0.0
    high: float = 1.0

    def __str__(self) -> str:
        """A note for the user; empty: nothing was clipped."""
        if self.low >= 0 and self.high <= 1:
            return ""
        return f"pixels from {self.low:.9g} to {self.high:.9g} were clipped to [0,1]: that is rounding"


class StoredImages:
    """Images [n,C,H,W], uint8 as stored or float32 in [0,1], converted at each access.

    An access raises DataError where pixels are not finite, or more than ROUND_OFF outside [0,1]: such images are
    never attacked.
    """

    def __init__(self, stored: Array, source: str, indices: NDArray[np.int64] | None = None, layout: str = "") -> None:
        """stored: [n,H,W], [n,H,W,C] or [n,C,H,W] (C: 1 or 3), uint8 or floats.

        indices: [n], the images' original indices, for messages; None: their positions. layout: NCHW or NHWC; empty:
        as the shape tells. Raises DataError for a shape or type that no images have, and for an ambiguous shape.
        """
        self._stored, self._source = stored, source
        self._indices = np.arange(stored.shape[0]) if indices is None else indices
        self._grey = len(stored.shape) == 3
        self._last = _channels_last(stored.shape, source, layout)
        shape = (stored.shape[0], 1, *stored.shape[1:]) if self._grey else stored.shape
        kind = stored.dtype
        if kind != np.uint8 and not np.issubdtype(kind, np.floating):
            raise DataError(f"{source}: images are {kind}", "expected uint8 in [0,255] or floats in [0,1]")
        self.shape = (shape[0], shape[3], shape[1], shape[2]) if self._last else shape
        self.dtype: np.dtype[Any] = np.dtype(np.uint8 if kind == np.uint8 else np.float32)
        self.round_off = RoundOff()

    def __len__(self) -> int:
        return self.shape[0]

    def with_own_round_off(self) -> "StoredImages":
        """The same images, with a `round_off` of their own, so that reading them is not noted here."""
        other = copy.copy(self)
        other.round_off = RoundOff()
        return other

    def __getitem__(self, positions: Positions) -> NDArray[Any]:
        images = self._stored[positions]
        if self._grey:
            images = images[:, None]
        if self._last:
            images = images.transpose(0, 3, 1, 2)
        if self.dtype == np.uint8:
            return np.ascontiguousarray(images)
        with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, and is refused below
            floats = np.ascontiguousarray(images, dtype=np.float32)
        return self._in_range(floats, positions)

    def _in_range(self, floats: NDArray[np.float32], positions: Positions) -> NDArray[np.float32]:
        if not floats.size:
            return floats
        low, high = float(floats.min()), float(floats.max())
        if low >= 0 and high <= 1:
            return floats
        if not np.isfinite(low) or not np.isfinite(high):  # min and max of NaN are NaN
            bad = np.array(~np.isfinite(floats).all(axis=(1, 2, 3)))
            raise DataError(
                f"{self._source}: {np.count_nonzero(bad)} images of {len(floats)} that were read hold NaN or "
                f"infinite pixels: {self._named(bad, positions)}",
                "expected numbers in [0,1]",
            )
        if low < -ROUND_OFF or high > 1 + ROUND_OFF:
            bad = np.array(((floats < -ROUND_OFF) | (floats > 1 + ROUND_OFF)).any(axis=(1, 2, 3)))
            raise DataError(
                f"{self._source}: pixels are in [{low:.4g}, {high:.4g}], expected [0, 1]: "
                f"{self._named(bad, positions)}",
                _out_of_range(low, high),
            )
        self.round_off.low, self.round_off.high = min(self.round_off.low, low), max(self.round_off.high, high)
        clipped: NDArray[np.float32] = floats.clip(0, 1)
        return clipped

    def _named(self, bad: NDArray[np.bool_], positions: Positions) -> str:
        """`index 5, 8, 9, …`: the original indices of some of the images at `positions`."""
        found = self._indices[positions][bad]
        return f"index {', '.join(str(index) for index in found[:SHOWN])}{', …' if len(found) > SHOWN else ''}"


def evenly_spaced(count: int, most: int = CHECKED_FIRST) -> NDArray[np.int64]:
    """At most `most` positions among `count`, int64, evenly spaced, with the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def table_advice(columns: int = 0) -> str:
    """What to do with rows of `columns` numbers (0: unknown), which are flattened images or other features."""
    sides = {channels: math.isqrt(columns // channels) for channels in (1, 3)}
    square = next((f"{c}, {s}, {s}" for c, s in sides.items() if c * s * s == columns and s >= 8), "C, H, W")
    return (
        f"expected [n, C, H, W]: save flattened images with images.reshape(n, {square}). Other features: scale them to "
        f"[0,1], save them as [n, 1, 1, {columns or 'columns'}], and give the network behind nn.Flatten(), as "
        "nn.Sequential(nn.Flatten(), network), with --arch FILE.py:factory"
    )


def _channels_last(shape: tuple[int, ...], source: str, layout: str) -> bool:
    """Whether the last axis holds the channels; raises DataError where no images have that shape."""
    if len(shape) == 2 and 0 not in shape:
        raise DataError(f"{source}: is a table, of shape {shape}, expected images", table_advice(shape[1]))
    if len(shape) not in (3, 4) or 0 in shape:
        raise DataError(
            f"{source}: images have shape {shape}", "expected [n, height, width, channels] or channels first"
        )
    if len(shape) == 3:
        if layout:
            raise DataError(f"{source}: images have shape {shape}, without channels", f"leave out layout={layout}")
        return False
    first, last = shape[1] in (1, 3), shape[3] in (1, 3)
    if not {"": first or last, "NCHW": first, "NHWC": last}[layout]:
        where = {"": "first or last", "NCHW": "first", "NHWC": "last"}[layout]
        remedy = f"leave out layout={layout}" if first or last else ""
        raise DataError(f"{source}: images have shape {shape}, expected 1 or 3 channels, {where}", remedy)
    if layout:
        return layout == "NHWC"
    if first and last and math.prod(shape[1:]) > 1:
        raise DataError(
            f"{source}: images have shape {shape}, whose channels may be first or last",
            f"name the layout after the file's name: #layout=NCHW ({_size(shape[1], shape[2], shape[3])}) "
            f"or #layout=NHWC ({_size(shape[3], shape[1], shape[2])})",
        )
    return last and not first


def _size(channels: int, height: int, width: int) -> str:
    return f"{height} × {width} pixels, {'1 channel' if channels == 1 else f'{channels} channels'}"


def _out_of_range(low: float, high: float) -> str:
    """What to do about pixels from `low` to `high`."""
    if low >= -OVERSHOOT and high <= 1 + OVERSHOOT:
        return "resampling may have caused this: clip them with images.clip(0, 1)"
    if low >= 0 and high <= 255:
        return "they look like [0,255]: divide by 255, or store them as uint8"
    return "they look normalised: store the images before normalisation, and give --normalize"
