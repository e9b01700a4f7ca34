"""Images for terminals of 256 or 16 colours: each pixel gets a colour that there is, and hands its error on.

Nearest colours alone posterise an image; with error diffusion the mean of a few pixels keeps the image's colour.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from rich._palettes import EIGHT_BIT_PALETTE, STANDARD_PALETTE
from rich.color import Color, ColorSystem

from thinice_tui.plots.pixels import Pixels

SYSTEMS = {"256": ColorSystem.EIGHT_BIT, "standard": ColorSystem.STANDARD}
"""Terminals with 256 and with 16 colours, by rich's names."""
SHARES = (((0, 1), 7 / 16), ((1, -1), 3 / 16), ((1, 0), 5 / 16), ((1, 1), 1 / 16))
"""Where a pixel's error goes, as (rows down, columns right), and how much of it."""


def dithered(pixels: Pixels, system: str | None) -> Pixels:
    """`pixels` [H,W,3] in the colours of a terminal of `system`; as they are where that has all colours, or none.

    Error diffusion of Floyd and Steinberg (An Adaptive Algorithm for Spatial Greyscale, 1976), from the upper left;
    pixels whose predecessors are done are computed together.
    """
    if system not in SYSTEMS:
        return pixels
    colours = palette(system)
    height, width = pixels.shape[:2]
    left = np.zeros((height + 1, width + 2, 3), np.float32)  # a margin for errors that leave the image
    left[:height, 1 : width + 1] = pixels
    drawn = np.empty_like(pixels)
    for step in range(width + 2 * (height - 1)):
        rows = np.arange(max(0, -((width - 1 - step) // 2)), min(height - 1, step // 2) + 1)
        columns = step - 2 * rows
        wanted = left[rows, columns + 1].clip(0, 255)  # errors of a colour that no terminal has do not pile up
        distances = np.square(wanted[:, None] - colours).sum(axis=-1)
        chosen = colours[distances.argmin(axis=1)]
        drawn[rows, columns] = chosen
        for (down, right), share in SHARES:
            left[rows + down, columns + 1 + right] += share * (wanted - chosen)
    return drawn


@cache
def palette(system: str) -> NDArray[np.float32]:
    """The colours [k,3] of such a terminal that rich prints as they are.

    Of 256 without the first 16, which users set to colours of their own.
    """
    all_colours = EIGHT_BIT_PALETTE if system == "256" else STANDARD_PALETTE
    numbers = range(16, 256) if system == "256" else range(16)
    kept = [n for n in numbers if Color.from_rgb(*all_colours[n]).downgrade(SYSTEMS[system]).number == n]
    return np.array([all_colours[n] for n in kept], np.float32)
