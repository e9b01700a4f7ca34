"""Class folders: their order, their images, and invalid folders."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.checks import read_checked
from tests.data.data_files import IMAGES, three_classes, write_folders
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError, UsageError


def test_classes_are_numbered_by_name_and_images_by_path(tmp_path: Path) -> None:
    three_classes(tmp_path / "d")
    (tmp_path / "d" / "dog" / "notes.txt").write_text("no image")
    (tmp_path / "d" / ".git").mkdir()
    (tmp_path / "d" / "dog" / "._img_0.png").write_bytes(b"a Mac's")
    (tmp_path / "d" / "README.md").write_text("about")
    samples = read_samples(f"folder:{tmp_path}/d")
    assert samples.class_names == ("Cat", "dog", "eel")
    assert samples.labels.tolist() == [0, 0, 0, 1, 1, 2] and samples.indices.tolist() == list(range(6))
    assert np.array_equal(samples.images[:], IMAGES) and samples.images.dtype == np.uint8
    assert np.array_equal(samples.images[np.array([5, 0])], IMAGES[[5, 0]])
    assert samples.source == f"folder:{tmp_path}/d, as RGB"


def test_nested_folders_are_read_in_torchvisions_order(tmp_path: Path) -> None:
    """ImageFolder's make_dataset sorts os.walk(class), and in each folder the files."""
    write_folders(tmp_path, {"a/z": IMAGES[:1], "a/b": IMAGES[1:2], "a": IMAGES[2:4], "a/b/c": IMAGES[4:5]})
    (tmp_path / "a" / "b" / "round").symlink_to(tmp_path / "a")
    theirs = [
        os.path.join(root, name)  # noqa: PTH118
        for root, _, names in sorted(os.walk(tmp_path / "a"))
        for name in sorted(names)
    ]
    wanted = np.stack([np.asarray(Image.open(path)).transpose(2, 0, 1) for path in theirs])
    assert np.array_equal(read_samples(f"folder:{tmp_path}").images[:], wanted)


def test_folders_without_class_folders_or_images_are_refused(tmp_path: Path) -> None:
    for made, message in (
        ("", "no folders in it"),
        ("a/", "holds no images in its 1 folders"),
        ("a/b.txt", "holds no images in its 1 folders"),
    ):
        if made:
            (tmp_path / "a").mkdir(exist_ok=True)
        if made.endswith("txt"):
            (tmp_path / made).write_text("")
        with pytest.raises(DataError, match=message):
            read_samples(f"folder:{tmp_path}")
    with pytest.raises(DataError, match="no such folder"):
        read_samples(f"folder:{tmp_path}/absent")
    with pytest.raises(DataError, match="is a file, expected a folder"):
        read_samples(f"folder:{tmp_path}/a/b.txt")
    with pytest.raises(UsageError, match="expected cifar10") as caught:
        read_samples(str(tmp_path))
    assert f"folder:{tmp_path}" in caught.value.do


def test_a_pipe_among_images_does_not_block(tmp_path: Path) -> None:
    three_classes(tmp_path)
    os.mkfifo(tmp_path / "dog" / "pipe.png")
    with pytest.raises(DataError, match="device or a pipe"):
        read_checked(f"folder:{tmp_path}")
