"""Images as pixels: no level is off by one, whatever the channels, types and sizes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from thinice_tui.plots.pixels import FACTORS, Pixels, enlarged, fitted, perturbation, to_pixels

LEVELS = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
SIDE = st.integers(1, 90)
CELLS = st.integers(1, 60)


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def grey(*levels: float) -> NDArray[np.float32]:
    """An image [1,1,W]."""
    return np.array([[levels]], np.float32)


def test_eight_bit_images_are_drawn_as_they_are() -> None:
    image = noise(5, 7).transpose(2, 0, 1)
    assert np.array_equal(to_pixels(image), noise(5, 7))
    assert np.array_equal(to_pixels(LEVELS), np.repeat(LEVELS.transpose(1, 2, 0), 3, axis=2))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_are_rounded_to_the_nearest_level(kind: type[np.floating]) -> None:
    image = np.array([[[127.4, 127.6, 0.4, 254.6]]], kind) / kind(255)
    assert to_pixels(image)[0, :, 0].tolist() == [127, 128, 0, 255]
    assert np.array_equal(to_pixels(LEVELS.astype(np.float32) / np.float32(255)), to_pixels(LEVELS))


def test_values_outside_the_range_are_clipped() -> None:
    image = grey(-0.5, 1.5, np.inf, -np.inf, np.nan, 1)
    assert to_pixels(image)[0, :, 0].tolist() == [0, 255, 255, 0, 0, 255]
    assert to_pixels(np.array([[[1e300, -1e300]]]))[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize(
    ("channels", "shown"),
    [([10], [10, 10, 10]), ([10, 40], [25, 25, 25]), ([10, 20, 30], [10, 20, 30]), ([10, 20, 30, 99], [10, 20, 30])],
)
def test_channels(channels: list[int], shown: list[int]) -> None:
    image = np.array(channels, np.uint8).reshape(-1, 1, 1)
    assert to_pixels(image).tolist() == [[shown]]
    assert to_pixels(image.astype(np.float32) / np.float32(255)).tolist() == [[shown]]


def test_five_channels_are_their_mean() -> None:
    assert to_pixels(np.array([0, 10, 20, 30, 90], np.uint8).reshape(5, 1, 1)).tolist() == [[[30, 30, 30]]]


@pytest.mark.parametrize("shape", [(28, 28), (0, 4, 4), (3, 0, 4), (3, 4, 0), (1, 3, 4, 4)])
def test_an_array_that_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \[C,H,W\]"):
        to_pixels(np.zeros(shape, np.float32))


def test_other_dtypes_are_refused() -> None:
    with pytest.raises(ValueError, match="int64, expected uint8 or float"):
        to_pixels(np.zeros((1, 2, 2), np.int64))  # type: ignore[arg-type]


def test_no_perturbation_is_mid_grey() -> None:
    clean = noise(4, 4).transpose(2, 0, 1)
    pixels, factor = perturbation(clean, clean.astype(np.float32) / np.float32(255))
    assert factor == 1 and (pixels == 128).all() and pixels.shape == (4, 4, 3)
    pixels, factor = perturbation(clean, (clean * np.float32(1 / 255)).astype(np.float32))  # a last bit apart
    assert factor == 1 and (pixels == 128).all()


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        (1, 1),
        (0.51, 1),
        (0.5, 1),
        (0.25, 2),
        (0.1, 5),
        (0.05, 10),
        (8 / 255, 10),
        (2 / 255, 50),
        (1e-3, 500),
        (1e-5, 1000),
    ],
)
def test_the_factor_is_the_largest_that_fits(change: float, factor: float) -> None:
    pixels, found = perturbation(grey(1 - change, change, 0), grey(1, 0, 0))
    assert found == factor and isinstance(found, float)
    more, less, none = pixels[0, :, 0].tolist()
    assert more == pytest.approx(min(255, 128 + 255 * factor * change), abs=0.51)
    assert less == pytest.approx(max(0, 128 - 255 * factor * change), abs=0.51)
    assert none == 128


@given(st.floats(1e-6, 0.5))
def test_a_shown_change_is_neither_clipped_nor_faint(change: float) -> None:
    _, factor = perturbation(grey(0), grey(change))
    assert factor in FACTORS and factor * change <= 0.5 + 1e-3
    assert factor == FACTORS[-1] or factor * change > 0.199


def test_a_perturbation_has_the_colours_of_its_channels() -> None:
    clean = np.full((3, 1, 2), 51, np.uint8)
    adversarial = clean.astype(np.float32) / np.float32(255)
    adversarial[0, 0, 0] += 0.1
    adversarial[2, 0, 1] -= 0.1
    pixels, factor = perturbation(clean, adversarial)
    assert factor == 5
    assert pixels.tolist() == [[[255, 128, 128], [128, 128, 0]]]


def test_images_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="expected equal shapes"):
        perturbation(np.zeros((1, 2, 2), np.uint8), np.zeros((1, 2, 3), np.float32))


@pytest.mark.parametrize(
    ("side", "cells", "shown"),
    [
        (28, (60, 30), 56),
        (32, (60, 30), 32),
        (32, (64, 32), 64),
        (28, (100, 14), 28),
        (64, (60, 30), 60),
        (224, (80, 40), 80),
    ],
)
def test_usual_sizes(side: int, cells: tuple[int, int], shown: int) -> None:
    assert fitted(noise(side, side), *cells).shape == (shown, shown, 3)


def test_small_images_keep_their_pixels() -> None:
    pixels = noise(28, 28)
    assert np.array_equal(fitted(pixels, 28, 14), pixels)
    assert np.array_equal(fitted(pixels, 60, 30), pixels.repeat(2, axis=0).repeat(2, axis=1))
    assert np.array_equal(enlarged(pixels, 3)[1::3, 2::3], pixels)


@given(height=SIDE, width=SIDE, columns=CELLS, rows=CELLS)
def test_an_image_fits_and_keeps_its_aspect(height: int, width: int, columns: int, rows: int) -> None:
    shown_height, shown_width, _ = fitted(noise(height, width), columns, rows).shape
    assert 1 <= shown_height <= 2 * rows and 1 <= shown_width <= columns
    scale = min(columns / width, 2 * rows / height)
    scale = float(int(scale)) if scale >= 1 else scale
    assert abs(shown_height - scale * height) < 1 and abs(shown_width - scale * width) < 1
    if scale < 1:  # nothing smaller than it need be
        assert shown_height == 2 * rows or shown_width == columns


@given(height=st.integers(1, 12), width=st.integers(1, 12), by=st.integers(2, 5))
def test_whole_divisors_are_the_mean_of_each_block(height: int, width: int, by: int) -> None:
    pixels = noise(2 * height * by, width * by)
    shown = fitted(pixels, width, height)
    blocks = pixels.reshape(2 * height, by, width, by, 3).mean(axis=(1, 3))
    assert shown.shape == blocks.shape
    assert np.abs(shown - blocks).max() <= 0.5 + 1e-9


@given(height=SIDE, width=SIDE, columns=CELLS, rows=CELLS)
def test_a_flat_image_stays_flat(height: int, width: int, columns: int, rows: int) -> None:
    assert (fitted(np.full((height, width, 3), 201, np.uint8), columns, rows) == 201).all()


def test_a_fine_checkerboard_shrinks_to_grey() -> None:
    board = (np.indices((224, 224)).sum(axis=0) % 2 * 255).astype(np.uint8)
    shown = fitted(np.stack([board] * 3, axis=-1), 75, 40)
    assert shown.shape == (75, 75, 3)
    assert np.abs(shown.astype(float) - 127.5).max() < 30  # nearest neighbours would give 0 and 255
    assert shown.mean() == pytest.approx(127.5, abs=0.5)


@pytest.mark.parametrize(
    ("shape", "shown"), [((1, 300), (1, 10)), ((300, 1), (20, 1)), ((1, 1), (10, 10)), ((1, 4), (2, 8))]
)
def test_extreme_shapes(shape: tuple[int, int], shown: tuple[int, int]) -> None:
    assert fitted(noise(*shape), 10, 10).shape == (*shown, 3)


def test_without_room_one_pixel_is_left() -> None:
    pixels = noise(4, 4)
    assert fitted(pixels, 0, 0).tolist() == [[np.rint(pixels.mean(axis=(0, 1))).tolist()]]
