"""Images are decoded, resized and cropped as torchvision does it, or refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.checks import read_checked
from tests.data.data_files import IMAGES, LFS_POINTER, encoded, three_classes, write_folders
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError, UsageError
from thinice_tui.protocol.data_options import DataOptions


def test_grey_images_become_rgb_or_stay_grey_with_one_channel(tmp_path: Path) -> None:
    write_folders(tmp_path, {"a": IMAGES[:2, :1]})
    assert np.array_equal(read_samples(f"folder:{tmp_path}").images[:], IMAGES[:2, :1].repeat(3, 1))
    assert np.array_equal(read_samples(f"folder:{tmp_path}#channels=1").images[:], IMAGES[:2, :1])
    with pytest.raises(UsageError, match="channels=4"):
        read_samples(f"folder:{tmp_path}#channels=4")


@pytest.mark.parametrize("size", [(40, 30), (30, 40), (33, 33), (31, 77)])
def test_resize_and_crop_are_torchvisions(tmp_path: Path, size: tuple[int, int]) -> None:
    """Resize(24) of the shorter side and CenterCrop(17) with rounded offsets, as torchvision's documentation says."""
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    (tmp_path / "a").mkdir()
    image = Image.fromarray(pixels)
    image.save(tmp_path / "a" / "0.png")
    width, height = image.size
    short, long = min(width, height), max(width, height)
    new = (24, int(24 * long / short)) if width <= height else (int(24 * long / short), 24)
    resized = np.asarray(image.resize(new, Image.Resampling.BILINEAR))
    top, left = round((resized.shape[0] - 17) / 2.0), round((resized.shape[1] - 17) / 2.0)
    wanted = resized[top : top + 17, left : left + 17].transpose(2, 0, 1)
    samples = read_samples(f"folder:{tmp_path}", DataOptions(resize=24, crop=17))
    assert np.array_equal(samples.images[:][0], wanted)
    with pytest.raises(DataError, match="smaller than --crop 99"):
        read_checked(f"folder:{tmp_path}", DataOptions(crop=99))


def huge_png() -> bytes:
    """A small file that claims 60000 × 60000 pixels."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty, expected an image"),
        (LFS_POINTER, "is a Git LFS pointer, expected an image"),
        (b"<html>", "is text, expected an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "is text, expected an image"),
        (encoded(IMAGES[0])[:-60], "cannot be decoded"),
        (huge_png(), r"cannot be decoded|claims 60000"),
    ],
)
def test_invalid_images_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    three_classes(tmp_path)
    (tmp_path / "dog" / "img_1.png").write_bytes(content)
    with pytest.raises(DataError, match=f"dog/img_1.png: ({message})"):
        read_checked(f"folder:{tmp_path}")


def test_sixteen_bits_per_channel_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.fromarray(np.zeros((8, 8), dtype=np.uint16)).save(tmp_path / "a" / "0.png")
    with pytest.raises(DataError, match="more than 8 bits"):
        read_checked(f"folder:{tmp_path}")
