"""Pixels as half blocks: every pixel arrives, at the size asked for, and quickly."""

from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, Group
from rich.style import Style

from thinice_tui.plots.half_blocks import HalfBlocks, half_blocks, side_by_side
from thinice_tui.plots.pixels import Pixels

SIZES = (28, 32, 64, 224)


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def drawn(blocks: HalfBlocks) -> Pixels:
    """The pixels [H,W,3] that `blocks` show."""
    rows: list[list[tuple[int, int, int]]] = []
    for line in blocks.lines:
        assert all(set(segment.text) == {"▀"} for segment in line)
        cells = [segment.style for segment in line for _ in segment.text]
        rows.append([colour(cell, "color") for cell in cells])
        if any(cell is not None and cell.bgcolor is not None for cell in cells):
            rows.append([colour(cell, "bgcolor") for cell in cells])
    return np.array(rows, np.uint8)


def lengths(blocks: HalfBlocks) -> list[list[int]]:
    """How many cells each segment of each line has."""
    return [[len(segment.text) for segment in line] for line in blocks.lines]


def colour(style: Style | None, which: str) -> tuple[int, int, int]:
    found = getattr(style, which)
    assert found is not None, "a pixel without a colour"
    red, green, blue = found.get_truecolor()
    return red, green, blue


@pytest.mark.parametrize("side", [1, 2, 3, *SIZES])
def test_every_pixel_is_drawn(side: int) -> None:
    blocks = half_blocks(noise(side, side))
    assert np.array_equal(drawn(blocks), noise(side, side))
    assert [sum(line) for line in lengths(blocks)] == [side] * ((side + 1) // 2)


@given(height=st.integers(1, 9), width=st.integers(1, 9), levels=st.integers(1, 3), seed=st.integers(0, 99))
def test_few_colours_are_drawn_too(height: int, width: int, levels: int, seed: int) -> None:
    pixels = (noise(height, width, seed) % levels).astype(np.uint8)
    assert np.array_equal(drawn(half_blocks(pixels)), pixels)


def test_an_odd_last_line_has_the_terminals_background() -> None:
    last = [segment.style for segment in half_blocks(noise(3, 4)).lines[-1]]
    assert len(last) == 4 and all(style is not None and style.bgcolor is None for style in last)


def test_black_is_drawn_and_not_left_out() -> None:
    assert np.array_equal(drawn(half_blocks(np.zeros((4, 4, 3), np.uint8))), np.zeros((4, 4, 3)))


def test_neighbours_of_equal_colours_share_a_segment() -> None:
    assert lengths(half_blocks(np.full((4, 6, 3), 9, np.uint8))) == [[6], [6]]
    halves = np.zeros((2, 6, 3), np.uint8)
    halves[1, 2:, 1] = 255
    assert lengths(half_blocks(halves)) == [[2, 4]]


def test_equal_cells_share_a_style() -> None:
    stripes = noise(2, 2)[:, [0, 1] * 50]
    assert len({id(segment.style) for segment in half_blocks(stripes).lines[0]}) == 2


def test_side_by_side_in_columns() -> None:
    both = side_by_side([half_blocks(noise(4, 3)), half_blocks(noise(4, 5))], [6, 5], 2)
    assert ["".join(segment.text for segment in line) for line in both.lines] == ["▀▀▀     ▀▀▀▀▀  "] * 2
    assert both.width == 15


def test_printed_as_one_truecolor_block() -> None:
    pixels = np.array([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]], np.uint8)
    console = Console(width=80, force_terminal=True, color_system="truecolor", no_color=False)
    with console.capture() as captured:
        console.print(Group(half_blocks(pixels)))
    assert captured.get() == "\x1b[38;2;1;2;3;48;2;7;8;9m▀\x1b[0m\x1b[38;2;4;5;6;48;2;10;11;12m▀\x1b[0m\n"


def test_where_there_is_too_little_room_it_is_cropped() -> None:
    console = Console(width=5, force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(Group(half_blocks(noise(4, 9))), overflow="ellipsis")
    assert captured.get() == "▀▀▀▀▀\n▀▀▀▀▀\n"


@pytest.mark.parametrize(("side", "seconds"), [(32, 0.01), (128, 0.12)])
def test_noise_is_drawn_quickly(side: int, seconds: float) -> None:
    """The best of several, each of colours not seen before; four times what it takes, as machines differ."""
    times = []
    for seed in range(8):
        pixels = noise(side, side, 1000 + seed)
        start = process_time()
        half_blocks(pixels)
        times.append(process_time() - start)
    assert min(times) < seconds
