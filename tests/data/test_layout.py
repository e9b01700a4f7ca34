"""Images of any layout and type, and those that are refused when they are read."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.data_files import (
    LABELS,
    PIXELS,
    RANDOM,
    save_npz,
    write_arrays,
)
from thinice_tui.data.layout import StoredImages
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError


def test_grey_images_may_lack_the_channel(tmp_path: Path) -> None:
    samples = read_samples(save_npz(tmp_path / "a.npz", images=PIXELS[:, 0], labels=np.zeros(6, dtype=np.int64)))
    assert samples.images.shape == (6, 1, 8, 8)


@pytest.mark.parametrize(
    ("images", "message", "remedy"),
    [
        (PIXELS.astype(np.float32), r"expected \[0, 1\]", "divide by 255"),
        (PIXELS / 127.5 - 1, r"expected \[0, 1\]", "normalised"),
        (np.full((6, 3, 8, 8), np.nan), "6 images of 6 that were read hold NaN", "expected numbers"),
        (PIXELS.astype(np.int64), "images are int64", "uint8 in"),
        (np.zeros((6, 5, 8, 8)), "expected 1 or 3 channels", ""),
        (np.zeros((6, 192)), r"shape \(6, 192\)", "expected"),
        (np.zeros((0, 3, 8, 8)), "shape", "expected"),
    ],
)
def test_invalid_images_are_refused(images: np.ndarray, message: str, remedy: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        StoredImages(images, "made")[:]
    assert remedy in caught.value.do


def test_big_endian_and_grey_images_without_a_channel_are_read(tmp_path: Path) -> None:
    grey = RANDOM.random((6, 8, 8)).astype(">f4")
    for kind in ("npz", "npz compressed", "npy"):
        samples = read_samples(write_arrays(tmp_path, kind, grey, LABELS.astype(">i4")))
        assert np.array_equal(samples.images[:], grey.astype(np.float32)[:, None])
        assert samples.labels.tolist() == LABELS.tolist()


def test_images_are_checked_when_they_are_read(tmp_path: Path) -> None:
    """Opening a file reads no image; reading one, or all for the fingerprint, checks it."""
    images = np.zeros((1000, 1, 4, 4), dtype=np.float32)
    images[501, 0, 2, 2] = np.nan
    samples = read_samples(write_arrays(tmp_path, "npy", images, np.zeros(1000, dtype=np.int64)))
    assert samples.floats(slice(0, 500)).max() == 0
    with pytest.raises(DataError, match="1 images of 3 that were read hold NaN"):
        samples.floats(np.array([500, 501, 502]))
    with pytest.raises(DataError, match="hold NaN"):
        _ = samples.fingerprint
    images[501, 0, 2, 2] = 200
    samples = read_samples(write_arrays(tmp_path, "npz", images, np.zeros(1000, dtype=np.int64)))
    with pytest.raises(DataError, match=r"expected \[0, 1\]") as caught:
        list(samples.each())
    assert "divide by 255" in caught.value.do
