"""Parquet files of encoded images, as Hugging Face writes them."""

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.checks import read_checked
from tests.data.data_files import (
    IMAGES,
    LFS_POINTER,
    colour,
    encoded,
    write_parquet,
)
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError
from thinice_tui.protocol.data_options import DataOptions


@pytest.mark.parametrize("column", ["img", "image"])
def test_a_file_of_hugging_face_is_read(tmp_path: Path, column: str) -> None:
    images = colour(10, 8)
    names = ["airplane", "automobile", "bird"]
    write_parquet(tmp_path / "a.parquet", [encoded(image) for image in images], [2, 0] * 5, names, column)
    samples = read_samples(str(tmp_path / "a.parquet"))
    assert np.array_equal(samples.images[:], images) and samples.labels.tolist() == [2, 0] * 5
    assert np.array_equal(samples.images[np.array([9, 0, 5, 3])], images[[9, 0, 5, 3]])
    assert samples.class_names == tuple(names) and samples.indices.tolist() == list(range(10))
    resized = read_samples(f"{tmp_path}/a.parquet#images={column},labels=label,channels=1", DataOptions(resize=4))
    assert resized.images.shape == (10, 1, 4, 4)


def test_invalid_parquet_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, [encoded(IMAGES[0])] * 3, [0, 1, 2], column="pixels")
    with pytest.raises(DataError, match=r"no images in it .it holds: pixels, label"):
        read_samples(str(path))
    whole = path.read_bytes()
    for content, message in (
        (whole[: len(whole) // 2], "cannot be read"),
        (b"PAR1" + b"\xff" * 64 + b"PAR1", "cannot be read"),
        (b"PK\x03\x04", "is a zip archive"),
        (LFS_POINTER, "Git LFS pointer"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            read_samples(str(path))
    write_parquet(path, [b"no image"], [0])
    with pytest.raises(DataError, match="row 0: is text, expected an image"):
        read_checked(str(path))


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_parquet(tmp_path / "a.parquet", [encoded(IMAGES[0])], [0])
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError, match="needs pyarrow") as caught:
        read_samples(str(tmp_path / "a.parquet"))
    assert ".[parquet]" in caught.value.do
