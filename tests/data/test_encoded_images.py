"""Encoded images of one size, of which only those are decoded that are needed."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from tests.data.checks import read_checked
from tests.data.data_files import colour, encoded, three_classes, write_folders
from thinice_tui.data import encoded_images, image_cache
from thinice_tui.data.decoding import Geometry, decode_image
from thinice_tui.data.samples import Samples
from thinice_tui.data.selection import select
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError
from thinice_tui.protocol.data_options import DataOptions


def test_images_of_different_sizes_are_refused(tmp_path: Path) -> None:
    three_classes(tmp_path)
    (tmp_path / "dog" / "big.png").write_bytes(encoded(colour(1, 20)[0]))
    with pytest.raises(
        DataError, match=r"differ in size: .*Cat/img_0.png is 10 × 10, .*dog/big.png is 20 × 20"
    ) as asked:
        read_checked(f"folder:{tmp_path}")
    assert "--resize" in asked.value.do and "give the size that the model takes" in asked.value.do
    samples = read_samples(f"folder:{tmp_path}", DataOptions(resize=12, crop=8))
    assert samples.images.shape == (7, 3, 8, 8)
    assert "resized to 12 (shorter side, bilinear), cropped to the central 8 × 8" in samples.source


def test_only_selected_images_are_decoded(tmp_path: Path) -> None:
    write_folders(tmp_path, {"a": colour(80, 8), "b": colour(80, 8)})
    (tmp_path / "a" / "img_50.png").write_bytes(b"damaged")
    options = DataOptions(classes="b")
    samples = select(read_samples(f"folder:{tmp_path}"), options, 3)
    assert samples.fingerprint and samples.indices.tolist() == [80, 81, 82]


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the images that are decoded, from now on."""
    names, decode = list[str](), decode_image

    def noting(stream: BinaryIO, name: str, geometry: Geometry) -> np.ndarray:
        names.append(Path(name).name)
        return decode(stream, name, geometry)

    monkeypatch.setattr(encoded_images, "decode_image", noting)
    return names


def folder_images(folder: Path, count: int = 12) -> Samples:
    write_folders(folder, {"a": colour(count, 8)})
    return read_samples(f"folder:{folder}")


def test_each_image_is_decoded_once_whatever_is_selected(tmp_path: Path, decoded: list[str]) -> None:
    samples = folder_images(tmp_path)
    first = samples.first(8)
    assert first.fingerprint == samples.first(8).fingerprint
    assert np.array_equal(first.floats(np.array([3, 1])), samples.floats(np.array([3, 1])))
    again = {name for name in decoded if decoded.count(name) > 1}
    assert again <= {"img_0.png"}, "only the first one, for its size"


def test_what_does_not_fit_is_decoded_again_and_is_the_same(
    tmp_path: Path, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = folder_images(tmp_path).floats()
    monkeypatch.setattr(image_cache, "MOST_BYTES", 3 * 3 * 8 * 8)
    samples = read_samples(f"folder:{tmp_path}")
    del decoded[:]
    assert np.array_equal(samples.floats(), kept) and np.array_equal(samples.floats(), kept)
    assert len(decoded) >= 2 * 12 - 3


def test_images_that_are_read_ahead_are_those_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_cache, "MOST_BYTES", 0)
    samples = folder_images(tmp_path)
    expected = [samples.floats(np.array(rows)) for rows in ([0, 1], [2, 3], [4])]
    samples.read_ahead(np.array([0, 1]))
    assert np.array_equal(samples.floats(np.array([0, 1])), expected[0])
    samples.read_ahead(np.array([2, 3]))
    assert np.array_equal(samples.floats(np.array([4])), expected[2]), "others were asked for"
    assert np.array_equal(samples.floats(np.array([2, 3])), expected[1])
    (tmp_path / "a" / "img_10.png").write_bytes(b"damaged")
    samples.read_ahead(np.array([2, 3]))
    with pytest.raises(DataError, match="img_10"):
        samples.floats(np.array([2, 3]))
