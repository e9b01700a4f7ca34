"""Images in few colours."""

import numpy as np
import pytest
from rich.color import Color

from thinice_tui.plots.dither import SYSTEMS, dithered, palette
from thinice_tui.plots.pixels import Pixels

SIZES = [(1, 1), (1, 7), (7, 1), (5, 9), (64, 64)]


def gradient(height: int, width: int) -> Pixels:
    down, across = np.linspace(0, 255, height)[:, None], np.linspace(0, 255, width)[None]
    channels = np.broadcast_arrays(down, across, (down + across) / 2)
    drawn: Pixels = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
    return drawn


def one_by_one(pixels: Pixels, colours: np.ndarray) -> Pixels:
    """Floyd and Steinberg's diffusion as published, pixel by pixel."""
    height, width = pixels.shape[:2]
    left, drawn = pixels.astype(np.float32), np.empty_like(pixels)
    for y in range(height):
        for x in range(width):
            wanted = left[y, x].clip(0, 255)
            drawn[y, x] = colours[np.square(wanted - colours).sum(axis=-1).argmin()]
            error = wanted - drawn[y, x]
            for down, right, share in ((0, 1, 7), (1, -1, 3), (1, 0, 5), (1, 1, 1)):
                if y + down < height and 0 <= x + right < width:
                    left[y + down, x + right] += np.float32(share / 16) * error
    return drawn


@pytest.mark.parametrize("system", list(SYSTEMS))
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_it_equals_the_published_diffusion(size: tuple[int, int], system: str) -> None:
    pixels = gradient(*size)
    found = dithered(pixels, system)
    differ = (found != one_by_one(pixels, palette(system))).any(axis=-1).mean()
    assert differ < 0.02, "but for ties of two colours that rounding decides"


@pytest.mark.parametrize(("system", "allowed"), [("256", 2), ("standard", 16)])
def test_the_mean_of_a_few_pixels_is_kept(system: str, allowed: float) -> None:
    pixels = gradient(64, 64)
    nearest: Pixels = palette(system)[np.square(pixels[..., None, :] - palette(system)).sum(-1).argmin(-1)]

    def error(drawn: Pixels) -> float:
        blocks = (drawn.astype(float) - pixels).reshape(8, 8, 8, 8, 3).mean(axis=(1, 3))
        return float(np.abs(blocks).mean())

    assert error(dithered(pixels, system)) < allowed < error(nearest)


@pytest.mark.parametrize("system", list(SYSTEMS))
def test_rich_prints_these_colours_as_they_are(system: str) -> None:
    for colour in palette(system).astype(int).tolist():
        drawn = Color.from_rgb(*colour).downgrade(SYSTEMS[system])
        assert list(drawn.get_truecolor()) == colour or system == "standard"


@pytest.mark.parametrize("system", ["truecolor", None])
def test_with_all_colours_or_none_nothing_changes(system: str | None) -> None:
    pixels = gradient(5, 9)
    assert dithered(pixels, system) is pixels
