"""Encoded images (PNG, JPEG, …) as an array that decodes them when they are read."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from thinice_tui.data.disk_arrays import Positions
from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import HEAD, kind

FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP")
"""What Pillow may decode here: not EPS, for one, for which it starts another program."""
MOST_PIXELS = 100_000_000
Opened = Iterator[tuple[str, BinaryIO]]


@dataclass(frozen=True)
class Geometry:
    """What is done to each decoded image, as torchvision's Resize and CenterCrop do it.

    resize: the shorter side, in pixels, the ratio kept, bilinear; crop: a square from the centre; channels: 3
    (whatever is stored becomes RGB, as torchvision's ImageFolder does it) or 1 (grey).
    """

    resize: int | None = None
    crop: int | None = None
    channels: int = 3

    def __str__(self) -> str:
        done = [] if self.resize is None else [f"resized to {self.resize} (shorter side, bilinear)"]
        done += [] if self.crop is None else [f"cropped to the central {self.crop} × {self.crop}"]
        return ", ".join([*done, "as RGB" if self.channels == 3 else "as grey"])


class Pictures:
    """Images uint8 [n,C,H,W], all of one size after `geometry`, decoded at each access.

    open_at: for rows [b], each one's name and stream in turn. The first image says the size, when it is asked for;
    any that differs is a DataError which asks for --resize and --crop.
    """

    def __init__(
        self,
        rows: NDArray[np.int64],
        open_at: Callable[[NDArray[np.int64]], Opened],
        geometry: Geometry,
        size: tuple[int, ...] = (),
    ) -> None:
        """rows: [n], those that are meant, of all that `open_at` knows; size: [C,H,W], where it is known."""
        self._rows, self._open_at, self._geometry, self._size = rows, open_at, geometry, size
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self._rows)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """[n,C,H,W]; decodes the first image, and raises DataError where it is none."""
        return (len(self), *self._first[1])

    def only(self, positions: NDArray[np.int64]) -> "Pictures":
        """The images at `positions`, in that order; the others are not opened any more."""
        return Pictures(self._rows[positions], self._open_at, self._geometry, self._size)

    def of_size(self, size: tuple[int, ...]) -> "Pictures":
        """The same images, of that size [C,H,W]: the first one is not asked for it."""
        return Pictures(self._rows, self._open_at, self._geometry, size)

    def __getitem__(self, positions: Positions) -> NDArray[Any]:
        rows = self._rows[positions]
        first, size = self._first
        found = np.empty((len(rows), *size), dtype=np.uint8)
        for at, (name, stream) in enumerate(self._open_at(rows)):
            with stream:
                image = decode(stream, name, self._geometry)
            if image.shape != size:
                raise DataError(
                    f"images differ in size: {first} is {_size(size)}, {name} is {_size(image.shape)}",
                    "which size does the model take? Give it with --resize N (the shorter side) and --crop N (the "
                    "centre); for ImageNet models that is often --resize 256 --crop 224",
                )
            found[at] = image
        return found

    @cached_property
    def _first(self) -> tuple[str, tuple[int, ...]]:
        """Name and shape of the first image, or of all of them where that is known."""
        if self._size:
            return "one of them", self._size
        ((name, stream),) = self._open_at(self._rows[:1])
        with stream:
            return name, decode(stream, name, self._geometry).shape


def decode(stream: BinaryIO, name: str, geometry: Geometry) -> NDArray[np.uint8]:
    """One image, uint8 [C,H,W], after `geometry`; raises DataError."""
    try:
        with Image.open(stream, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise DataError(f"{name}: claims {image.width} × {image.height} pixels", "is it damaged?")
            if deep := _more_than_8_bits(image):
                raise DataError(
                    f"{name}: has more than 8 bits a channel ({deep}), of which 8 would be read",
                    "expected 8 bits: save it with 8, as the images that the model was trained on",
                )
            plain = image.convert("RGB" if geometry.channels == 3 else "L")
    except UnidentifiedImageError as error:
        stream.seek(0)
        head = stream.read(HEAD)
        what = "a Git LFS pointer" if head.startswith(b"version https://git-lfs") else kind(head)
        raise DataError(
            f"{name}: is {what if head else 'empty'}, expected an image", f"read are {', '.join(FORMATS)}"
        ) from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{name}: cannot be decoded ({error})", "it is damaged or cut short: copy it again") from error
    pixels = np.asarray(_fitted(plain, name, geometry), dtype=np.uint8)
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _more_than_8_bits(image: Image.Image) -> str:
    """How Pillow describes the pixels as stored, where they are deeper than 8 bits; empty: they are not.

    Its mode says so of grey images; colour is RGB at any depth, and told by the raw mode of its tiles (RGB;16B, but
    of a BMP's BGR;16 all three channels share 16 bits) or a PPM's highest value.
    """
    if image.mode.startswith(("I", "F")):
        return image.mode
    for tile in getattr(image, "tile", ()):
        told = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        for part in told:
            if isinstance(part, str) and re.match(r"(?!BGR).*;(1[0-6]|32|64)", part):
                return part
        if tile.codec_name == "ppm" and isinstance(told[-1], int) and told[-1] > 255:
            return f"values up to {told[-1]}"
    return ""


def streams_of(pairs: Iterator[tuple[str, bytes]]) -> Opened:
    """Bytes in memory as streams."""
    return ((name, io.BytesIO(content)) for name, content in pairs)


def _fitted(image: Image.Image, name: str, geometry: Geometry) -> Image.Image:
    if geometry.resize is not None:
        short, long = sorted(image.size)
        longer = int(geometry.resize * long / short)
        portrait = image.width <= image.height
        size = (geometry.resize, longer) if portrait else (longer, geometry.resize)
        image = image.resize(size, Image.Resampling.BILINEAR)
    if geometry.crop is not None:
        side = geometry.crop
        if min(image.size) < side:
            raise DataError(
                f"{name}: is {image.width} × {image.height}, smaller than --crop {side}",
                f"give --resize {side} or more with it",
            )
        left, top = round((image.width - side) / 2), round((image.height - side) / 2)
        image = image.crop((left, top, left + side, top + side))
    return image


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[2]} × {shape[1]}"
