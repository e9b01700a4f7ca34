"""Class folders and parquet: images that are files, decoded when they are read."""

import builtins
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.data.published import colour, encoded, write_folders, write_parquet
from thinice_tui.data.samples import Samples
from thinice_tui.data.selection import select
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError, UsageError
from thinice_tui.protocol.request import DataOptions

IMAGES = colour(6, 10)
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n"


def read_all(spec: str, options: DataOptions = DataOptions()) -> Samples:  # noqa: B008  # frozen
    """All samples, a few of them looked at, as every command does it."""
    return select(read_samples(spec, options), DataOptions(), None)


def three_classes(folder: Path, form: str = "PNG") -> Path:
    """As they come from a disk: in no order."""
    return write_folders(folder, {"dog": IMAGES[3:5], "Cat": IMAGES[:3], "eel": IMAGES[5:]}, form)


# folders


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


def test_deeper_folders_come_in_torchvisions_order(tmp_path: Path) -> None:
    """`sorted(os.walk(class))`, and in each of these its files sorted: what ImageFolder's make_dataset does."""
    write_folders(tmp_path, {"a/z": IMAGES[:1], "a/b": IMAGES[1:2], "a": IMAGES[2:4], "a/b/c": IMAGES[4:5]})
    (tmp_path / "a" / "b" / "round").symlink_to(tmp_path / "a")
    theirs = [
        os.path.join(root, name)  # noqa: PTH118
        for root, _, names in sorted(os.walk(tmp_path / "a"))
        for name in sorted(names)
    ]
    wanted = np.stack([np.asarray(Image.open(path)).transpose(2, 0, 1) for path in theirs])
    assert np.array_equal(read_samples(f"folder:{tmp_path}").images[:], wanted)


def test_grey_becomes_rgb_as_in_torchvision_or_stays_grey_where_asked(tmp_path: Path) -> None:
    write_folders(tmp_path, {"a": IMAGES[:2, :1]})
    assert np.array_equal(read_samples(f"folder:{tmp_path}").images[:], IMAGES[:2, :1].repeat(3, 1))
    assert np.array_equal(read_samples(f"folder:{tmp_path}#channels=1").images[:], IMAGES[:2, :1])
    with pytest.raises(UsageError, match="channels=4"):
        read_samples(f"folder:{tmp_path}#channels=4")


def test_sizes_that_differ_are_asked_about(tmp_path: Path) -> None:
    three_classes(tmp_path)
    (tmp_path / "dog" / "big.png").write_bytes(encoded(colour(1, 20)[0]))
    with pytest.raises(
        DataError, match=r"differ in size: .*Cat/img_0.png is 10 × 10, .*dog/big.png is 20 × 20"
    ) as asked:
        read_all(f"folder:{tmp_path}")
    assert "--resize" in asked.value.do and "which size" in asked.value.do
    samples = read_samples(f"folder:{tmp_path}", DataOptions(resize=12, crop=8))
    assert samples.images.shape == (7, 3, 8, 8)
    assert "resized to 12 (shorter side, bilinear), cropped to the central 8 × 8" in samples.source


@pytest.mark.parametrize("size", [(40, 30), (30, 40), (33, 33), (31, 77)])
def test_resize_and_crop_are_torchvisions(tmp_path: Path, size: tuple[int, int]) -> None:
    """Resize(24): the shorter side; CenterCrop(17): offsets rounded. Both written out from their documentation."""
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
        read_all(f"folder:{tmp_path}", DataOptions(crop=99))


def test_selected_images_alone_are_decoded(tmp_path: Path) -> None:
    write_folders(tmp_path, {"a": colour(80, 8), "b": colour(80, 8)})
    (tmp_path / "a" / "img_50.png").write_bytes(b"damaged")
    options = DataOptions(classes="b")
    samples = select(read_samples(f"folder:{tmp_path}"), options, 3)
    assert samples.fingerprint and samples.indices.tolist() == [80, 81, 82]


# class maps


@pytest.mark.parametrize(
    "written",
    [
        '{"Cat": 5, "dog": 0, "eel": 2, "absent": 3}',
        '{"5": "Cat", "0": "dog", "2": "eel"}',
        '["dog", "x", "eel", "y", "z", "Cat"]',
        "Cat,5\ndog,0\neel,2\n",
        '\ufefffolder,label\n"Cat",5\ndog, 0\neel,2\n',
    ],
)
def test_a_class_map_says_the_numbers(tmp_path: Path, written: str) -> None:
    three_classes(tmp_path / "d")
    (tmp_path / "map").write_text(written)
    samples = read_samples(f"folder:{tmp_path}/d", DataOptions(class_map=tmp_path / "map"))
    assert samples.labels.tolist() == [5, 5, 5, 0, 0, 2]
    assert (samples.class_names[0], samples.class_names[2], samples.class_names[5]) == ("dog", "eel", "Cat")
    assert samples.source.endswith(f"labels from {tmp_path}/map")


def test_imagenets_own_map_gives_readable_names(tmp_path: Path) -> None:
    write_folders(tmp_path / "d", {"n01440764": IMAGES[:1], "n01443537": IMAGES[1:2]})
    (tmp_path / "map.json").write_text(json.dumps({"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}))
    samples = read_samples(f"folder:{tmp_path}/d", DataOptions(class_map=tmp_path / "map.json"))
    assert samples.class_names == ("tench", "goldfish") and samples.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('{"Cat": 0, "dog": 1}', "has no label for the folder 'eel'"),
        ('{"Cat": -1}', "label -1"),
        ('{"Cat": 1.5}', "entry of 'Cat' is a float"),
        ('{"Cat": 99999999}', "has 1 classes and the label 99999999"),
        ("Cat,0\nCat,1\n", "two labels, 0 and 1"),
        ("Cat;0\ndog;1\n", "is no class map"),
        ("{", "is no class map"),
        ("[]", "is an empty class map"),
        ("[" * 100_000, "is no class map"),
        ("<html>", "is a web page"),
    ],
)
def test_a_class_map_that_is_none(tmp_path: Path, written: str, message: str) -> None:
    three_classes(tmp_path / "d")
    (tmp_path / "map").write_text(written)
    with pytest.raises(DataError, match=message):
        read_samples(f"folder:{tmp_path}/d", DataOptions(class_map=tmp_path / "map"))


# what is no folder of images


def test_folders_that_are_none(tmp_path: Path) -> None:
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
        (LFS, "is a Git LFS pointer, expected an image"),
        (b"<html>", "is text, expected an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "is text, expected an image"),
        (encoded(IMAGES[0])[:-60], "cannot be decoded"),
        (huge_png(), r"cannot be decoded|claims 60000"),
    ],
)
def test_images_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    three_classes(tmp_path)
    (tmp_path / "dog" / "img_1.png").write_bytes(content)
    with pytest.raises(DataError, match=f"dog/img_1.png: ({message})"):
        read_all(f"folder:{tmp_path}")


def test_a_pipe_among_images_does_not_block(tmp_path: Path) -> None:
    three_classes(tmp_path)
    os.mkfifo(tmp_path / "dog" / "pipe.png")
    with pytest.raises(DataError, match="device or a pipe"):
        read_all(f"folder:{tmp_path}")


def test_sixteen_bits_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.fromarray(np.zeros((8, 8), dtype=np.uint16)).save(tmp_path / "a" / "0.png")
    with pytest.raises(DataError, match="more than 8 bits"):
        read_all(f"folder:{tmp_path}")


# parquet


@pytest.mark.parametrize("column", ["img", "image"])
def test_parquet_as_hugging_face_writes_it(tmp_path: Path, column: str) -> None:
    images = colour(10, 8)
    names = ["airplane", "automobile", "bird"]
    write_parquet(tmp_path / "a.parquet", [encoded(image) for image in images], [2, 0] * 5, names, column)
    samples = read_samples(str(tmp_path / "a.parquet"))
    assert np.array_equal(samples.images[:], images) and samples.labels.tolist() == [2, 0] * 5
    assert np.array_equal(samples.images[np.array([9, 0, 5, 3])], images[[9, 0, 5, 3]])
    assert samples.class_names == tuple(names) and samples.indices.tolist() == list(range(10))
    resized = read_samples(f"{tmp_path}/a.parquet#images={column},labels=label,channels=1", DataOptions(resize=4))
    assert resized.images.shape == (10, 1, 4, 4)


def test_parquet_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, [encoded(IMAGES[0])] * 3, [0, 1, 2], column="pixels")
    with pytest.raises(DataError, match=r"no images in it .it holds: pixels, label"):
        read_samples(str(path))
    whole = path.read_bytes()
    for content, message in (
        (whole[: len(whole) // 2], "cannot be read"),
        (b"PAR1" + b"\xff" * 64 + b"PAR1", "cannot be read"),
        (b"PK\x03\x04", "is a zip archive"),
        (LFS, "Git LFS pointer"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            read_samples(str(path))
    write_parquet(path, [b"no image"], [0])
    with pytest.raises(DataError, match="row 0: is text, expected an image"):
        read_all(str(path))


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


def test_options_of_image_files_are_for_image_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--resize and --crop are for image files"):
        read_samples(f"cifar10:{tmp_path}", DataOptions(crop=8))
    with pytest.raises(UsageError, match="--class-map is for folders"):
        read_samples("a.npz", DataOptions(class_map=tmp_path))
    with pytest.raises(UsageError, match="--crop is 0"):
        DataOptions(crop=0)
