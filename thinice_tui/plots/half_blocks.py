"""Images in the terminal: a cell shows two pixels, one above the other, as a half block.

Images are arrays [C,H,W]; what is drawn are pixels [H,W,3], 8 bits a channel.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

Image = NDArray[np.uint8] | NDArray[np.float32]
"""[C,H,W], uint8 in [0,255] or float in [0,1]."""
Pixels = NDArray[np.uint8]
"""[H,W,3], red, green and blue."""

UPPER_HALF = "▀"
CACHED = 1 << 14
"""Styles, and colours, kept between images: two images of 128 × 128 noise, in some 15 MB."""
NO_CHANGE = 128
LARGEST = 0.5
"""An amplified difference of this much is black or white."""
FACTORS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
ROUND_OFF = 1e-7
"""What float32 leaves of a difference of two equal numbers in [0,1], computed in two ways."""


def to_pixels(image: Image) -> Pixels:
    """`image` [C,H,W] as pixels [H,W,3], rounded to 8 bits.

    One channel is grey, three are colours, of four the last is alpha and dropped; any other number is shown
    as the mean of its channels. Floats outside [0,1] are clipped, and NaN is 0. Raises ValueError if `image`
    has no three axes, an empty one, or numbers other than uint8 and float.
    """
    return np.rint(255 * _coloured(_unit(image))).astype(np.uint8)


def perturbation(clean: Image, adversarial: Image) -> tuple[Pixels, float]:
    """`adversarial` − `clean`, both [C,H,W], as pixels [H,W,3] around mid grey, and the factor it is amplified by.

    128 is no change, brighter is more, darker is less. The factor is the largest of 1, 2, 5, 10, … 1000 that
    keeps every change shown within ±0.5 of the range [0,1]; changes larger than that are clipped, at factor 1,
    and equal images have factor 1. Channels as in `to_pixels`. Raises ValueError as it does, and for two shapes.
    """
    if clean.shape != adversarial.shape:
        raise ValueError(f"images of shapes {clean.shape} and {adversarial.shape}, expected equal shapes")
    delta = _coloured(_unit(adversarial) - _unit(clean))
    largest = float(np.abs(delta).max()) - ROUND_OFF
    factor = max((f for f in FACTORS if f * largest <= LARGEST), default=1) if largest > 0 else 1
    return np.rint(NO_CHANGE + 255 * factor * delta).clip(0, 255).astype(np.uint8), float(factor)


def fitted(pixels: Pixels, columns: int, rows: int) -> Pixels:
    """`pixels` [H,W,3] scaled to at most `columns` × `rows` terminal cells, each 1 pixel wide and 2 high.

    Small images are enlarged by the largest whole factor that fits, so that every pixel stays a square; larger
    ones shrink to the mean over the area of each new pixel. The aspect ratio is kept to the nearest pixel.
    Never smaller than 1 × 1, even if that does not fit.
    """
    height, width = pixels.shape[:2]
    factor = min(columns // width, 2 * rows // height)
    if factor >= 1:
        return enlarged(pixels, factor)
    scale = min(columns / width, 2 * rows / height)
    down, across = (_area_means(old, max(1, round(old * scale))) for old in (height, width))
    means: NDArray[np.float64] = np.einsum("yh,xw,hwc->yxc", down, across, pixels, optimize=True)
    return np.rint(means).astype(np.uint8)


def enlarged(pixels: Pixels, factor: int) -> Pixels:
    """`pixels` [H,W,...], each repeated `factor` times down and across."""
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


@dataclass(frozen=True)
class HalfBlocks:
    """Lines of cells that rich prints as they are, which is much faster than text with as many spans."""

    lines: tuple[list[Segment], ...]
    width: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Cropped where there is too little room."""
        for line in self.lines:
            yield from Segment.adjust_line_length(line, min(self.width, options.max_width))
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.width, self.width)


def half_blocks(pixels: Pixels) -> HalfBlocks:
    """`pixels` [H,W,3] as ⌈H/2⌉ lines of W cells: the upper pixel in the foreground, the lower in the background.

    An odd last line keeps the terminal's own background. Neighbouring cells of equal colours share a segment.
    """
    height, width = pixels.shape[:2]
    red, green, blue = np.moveaxis(pixels.astype(np.int64), -1, 0)
    colours = red << 16 | green << 8 | blue
    lower = np.full_like(colours[::2], -1)
    lower[: height // 2] = colours[1::2]
    cells = np.stack([colours[::2], lower], axis=-1)
    begins = np.ones(cells.shape[:2], np.bool_)
    begins[:, 1:] = (cells[:, 1:] != cells[:, :-1]).any(axis=-1)
    lines = []
    for line, begin in zip(cells, begins, strict=True):
        starts = np.flatnonzero(begin)
        lengths = np.diff(starts, append=width).tolist()
        pairs = line[starts].tolist()
        lines.append([Segment(UPPER_HALF * n, _style(*pair)) for n, pair in zip(lengths, pairs, strict=True)])
    return HalfBlocks(tuple(lines), width)


def side_by_side(blocks: Sequence[HalfBlocks], widths: Sequence[int], gap: int) -> HalfBlocks:
    """`blocks` of equally many lines in columns of these widths, `gap` cells apart."""
    lines = []
    for parts in zip(*(block.lines for block in blocks), strict=True):
        line: list[Segment] = []
        for part, block, width in zip(parts, blocks, widths, strict=True):
            line += [*part, Segment(" " * (width - block.width + gap))]
        lines.append(line)
    return HalfBlocks(tuple(lines), sum(widths) + gap * len(widths))


def _unit(image: Image) -> NDArray[np.float32]:
    if image.ndim != 3 or 0 in image.shape:
        raise ValueError(f"an image of shape {image.shape}, expected [C,H,W], none of them 0")
    if image.dtype == np.uint8:
        return image.astype(np.float32) / np.float32(255)
    if not np.issubdtype(image.dtype, np.floating):
        raise ValueError(f"an image of {image.dtype}, expected uint8 or float")
    clipped = np.clip(image, 0, 1).astype(np.float32)
    return np.where(np.isnan(clipped), np.float32(0), clipped)


def _coloured(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """[C,H,W], any C, as [H,W,3]."""
    if len(image) not in (3, 4):
        image = image.mean(axis=0, keepdims=True)
    return np.moveaxis(np.broadcast_to(image[:3], (3, *image.shape[1:])), 0, -1)


def _area_means(old: int, new: int) -> NDArray[np.float64]:
    """[new,old]: the share of each of `old` pixels in each of `new` ones that cover the same length."""
    edges = np.linspace(0, old, new + 1)
    pixels = np.arange(old)
    overlaps = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return overlaps.clip(0) * (new / old)


@lru_cache(maxsize=CACHED)
def _style(upper: int, lower: int) -> Style:
    """The style of a cell from two colours 0xRRGGBB; `lower` −1 is the terminal's own background."""
    return Style.from_color(_colour(upper), None if lower < 0 else _colour(lower))


@lru_cache(maxsize=CACHED)
def _colour(colour: int) -> Color:
    # what Color.from_rgb makes, in half its time: a large image has thousands of colours
    triplet = ColorTriplet(colour >> 16, colour >> 8 & 255, colour & 255)
    return Color(f"#{colour:06x}", ColorType.TRUECOLOR, triplet=triplet)
