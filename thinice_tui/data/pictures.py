"""Encoded images (PNG, JPEG, …) as an array that decodes them when they are read."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from thinice_tui.data.arrays import Positions
from thinice_tui.errors import DataError
from thinice_tui.strangers import HEAD, kind

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

    open_at: for positions [b], each one's name and stream in turn. The first image says the size; any that
    differs is a DataError which asks for --resize and --crop.
    """

    def __init__(self, count: int, open_at: Callable[[NDArray[np.int64]], Opened], geometry: Geometry) -> None:
        self._open_at, self._geometry = open_at, geometry
        ((self._first, stream),) = open_at(np.zeros(1, dtype=np.int64))
        with stream:
            first = decode(stream, self._first, geometry)
        self.shape: tuple[int, ...] = (count, *first.shape)
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, positions: Positions) -> NDArray[Any]:
        rows = np.arange(*positions.indices(len(self))) if isinstance(positions, slice) else np.asarray(positions)
        found = np.empty((len(rows), *self.shape[1:]), dtype=np.uint8)
        for at, (name, stream) in enumerate(self._open_at(rows)):
            with stream:
                image = decode(stream, name, self._geometry)
            if image.shape != self.shape[1:]:
                raise DataError(
                    f"images differ in size: {self._first} is {_size(self.shape[1:])}, {name} is {_size(image.shape)}",
                    "which size does the model take? Give it with --resize N (the shorter side) and --crop N (the "
                    "centre); for ImageNet models that is often --resize 256 --crop 224",
                )
            found[at] = image
        return found


def decode(stream: BinaryIO, name: str, geometry: Geometry) -> NDArray[np.uint8]:
    """One image, uint8 [C,H,W], after `geometry`; raises DataError."""
    try:
        with Image.open(stream, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise DataError(f"{name}: claims {image.width} × {image.height} pixels", "is it damaged?")
            if image.mode.startswith(("I", "F")):
                raise DataError(f"{name}: has more than 8 bits a channel ({image.mode})", "save it with 8 bits")
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
