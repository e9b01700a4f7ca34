"""Pixels in the terminal: a cell shows two pixels, one above the other, as an upper half block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

from thinice_tui.plots.pixels import Pixels

UPPER_HALF = "▀"
CACHED = 1 << 14
"""Styles and colours kept between images: those of two images of 128 × 128 noise, about 15 MB."""


@dataclass(frozen=True)
class HalfBlocks:
    """Lines of cells that rich prints unchanged: much faster than a Text with as many spans."""

    lines: tuple[list[Segment], ...]
    width: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """The lines, cut where the console is narrower."""
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


@lru_cache(maxsize=CACHED)
def _style(upper: int, lower: int) -> Style:
    """The style of a cell from two colours 0xRRGGBB; `lower` −1 is the terminal's own background."""
    return Style.from_color(_colour(upper), None if lower < 0 else _colour(lower))


@lru_cache(maxsize=CACHED)
def _colour(colour: int) -> Color:
    # equal to Color.from_rgb in half its time: a large image has thousands of colours
    triplet = ColorTriplet(colour >> 16, colour >> 8 & 255, colour & 255)
    return Color(f"#{colour:06x}", ColorType.TRUECOLOR, triplet=triplet)
