"""Decodes one image (PNG, JPEG, …), with torchvision's resize and crop.

Pillow is imported inside functions: most runs read arrays, and begin without it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import HEAD, kind

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP")
"""The formats that Pillow may decode here. EPS, for one, is not among them: Pillow starts another program for it."""
MAX_PIXELS = 100_000_000


@dataclass(frozen=True)
class Geometry:
    """How each decoded image is resized and cropped, as torchvision's Resize and CenterCrop do it.

    resize: the new shorter side in pixels, at the same aspect ratio, bilinear; crop: the side of a central square in
    pixels; channels: 3 (every image becomes RGB, as in torchvision's ImageFolder) or 1 (grey).
    """

    resize: int | None = None
    crop: int | None = None
    channels: int = 3

    def __str__(self) -> str:
        done = [] if self.resize is None else [f"resized to {self.resize} (shorter side, bilinear)"]
        done += [] if self.crop is None else [f"cropped to the central {self.crop} × {self.crop}"]
        return ", ".join([*done, "as RGB" if self.channels == 3 else "as grey"])


def decode_image(stream: BinaryIO, name: str, geometry: Geometry) -> NDArray[np.uint8]:
    """One image, uint8 [C,H,W], resized and cropped; name: for messages. Raises DataError."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(stream, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(
                    f"{name}: claims {image.width} × {image.height} pixels, expected at most {MAX_PIXELS:,}",
                    "the file is damaged: copy it again",
                )
            if deep := _more_than_8_bits(image):
                raise DataError(
                    f"{name}: has more than 8 bits a channel ({deep}), expected 8",
                    "save it with 8 bits a channel, as the images that the model was trained on",
                )
            plain = image.convert("RGB" if geometry.channels == 3 else "L")
    except UnidentifiedImageError as error:
        stream.seek(0)
        head = stream.read(HEAD)
        raise DataError(
            f"{name}: is {kind(head) if head else 'empty'}, expected an image", f"expected {', '.join(FORMATS)}"
        ) from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{name}: cannot be decoded ({error})", "it is damaged or cut short: copy it again") from error
    pixels = np.asarray(_resized_and_cropped(plain, name, geometry), dtype=np.uint8)
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _more_than_8_bits(image: Image) -> str:
    """Pillow's description of pixels with more than 8 bits a channel; empty: they have 8 or fewer.

    Pillow's mode tells the depth of grey images. Colour images have the mode RGB at any depth: their depth is in the
    raw mode of their tiles (RGB;16B; a BMP's BGR;16 has 16 bits for all channels) or in a PPM's highest value.
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


def _resized_and_cropped(image: Image, name: str, geometry: Geometry) -> Image:
    from PIL.Image import Resampling

    if geometry.resize is not None:
        short, long = sorted(image.size)
        longer = int(geometry.resize * long / short)
        portrait = image.width <= image.height
        size = (geometry.resize, longer) if portrait else (longer, geometry.resize)
        image = image.resize(size, Resampling.BILINEAR)
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
