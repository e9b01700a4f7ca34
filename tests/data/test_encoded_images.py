"""Encoded images of one size, of which only those are decoded that are needed."""

from pathlib import Path

import pytest

from tests.data.checks import read_checked
from tests.data.data_files import colour, encoded, three_classes, write_folders
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
