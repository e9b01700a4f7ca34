"""Saved images: PNGs are the rounded image, npz the exact one, and no name leaves the folder."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image as Pil

from thinice_tui.errors import ThiniceError
from thinice_tui.plots.pixels import Image, to_pixels
from thinice_tui.report.image_export import NamedImage, file_names, save_npz, save_png

HOSTILE = [
    "../../etc/passwd",
    "",
    "a/b",
    "\x1b[31m",
    "..",
    ".",
    "/",
    "a\\b",
    "a\0b",
    "n" * 300,
    "clean",
    "clean",
    "CLEAN",
]
ONE = np.zeros((1, 2, 2), np.uint8)


def colours(channels: int, height: int = 5, width: int = 7) -> NDArray[np.float32]:
    return np.random.default_rng(channels).random((channels, height, width), np.float32)


def read(path: Path) -> tuple[str, NDArray[np.uint8]]:
    """A PNG's mode, and its pixels."""
    with Pil.open(path) as opened:
        assert opened.format == "PNG"
        return opened.mode, np.asarray(opened)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_a_png_is_the_rounded_image(tmp_path: Path, channels: int) -> None:
    (path,) = save_png(tmp_path, 17, [NamedImage("dense", colours(channels))])
    assert path == tmp_path / "sample-17-dense.png"
    mode, pixels = read(path)
    assert mode == "RGB" and np.array_equal(pixels, to_pixels(colours(channels)))


def test_one_channel_is_written_as_grey(tmp_path: Path) -> None:
    image = np.arange(256, dtype=np.uint8).reshape(1, 8, 32)
    mode, pixels = read(save_png(tmp_path, 0, [NamedImage("clean", image)])[0])
    assert mode == "L" and np.array_equal(pixels, image[0])


@pytest.mark.parametrize("channels", [1, 3])
def test_enlarged_to_the_nearest_neighbour(tmp_path: Path, channels: int) -> None:
    small, large = (
        read(save_png(tmp_path, 0, [NamedImage("clean", colours(channels))], scale)[0])[1] for scale in (1, 3)
    )
    assert large.shape[:2] == (15, 21)
    assert np.array_equal(large, small.repeat(3, axis=0).repeat(3, axis=1))


def test_paths_come_in_the_order_of_the_images(tmp_path: Path) -> None:
    levels = [10, 20, 30]
    images: list[Image] = [np.full((1, 1, 1), level, np.uint8) for level in levels]
    names = ["pruned-95", "clean", "dense"]
    paths = save_png(tmp_path / "new" / "folder", 3, [NamedImage(*pair) for pair in zip(names, images, strict=True)])
    assert [path.name for path in paths] == [f"sample-3-{name}.png" for name in names]
    assert [read(path)[1].item() for path in paths] == levels


def test_saved_again_replaces(tmp_path: Path) -> None:
    for level in (10, 20):
        paths = save_png(tmp_path, 3, [NamedImage("clean", np.full((1, 1, 1), level, np.uint8))])
    assert read(paths[0])[1].item() == 20
    assert list(tmp_path.iterdir()) == paths


def test_hostile_names_stay_in_the_folder_and_apart(tmp_path: Path) -> None:
    folder = tmp_path / "inner" / "pictures"
    paths = save_png(folder, 1, [NamedImage(name, ONE) for name in HOSTILE])
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(paths)
    assert {path.parent for path in paths} == {folder}
    assert all(re.fullmatch(r"sample-1-[A-Za-z0-9._-]+\.png", path.name) for path in paths)
    assert len({path.name.lower() for path in paths}) == len(HOSTILE)
    assert [path.name for path in paths[:4]] == [
        "sample-1-etc_passwd.png",
        "sample-1-unnamed.png",
        "sample-1-a_b.png",
        "sample-1-31m.png",
    ]
    assert [path.name for path in paths[-3:]] == [
        "sample-1-clean.png",
        "sample-1-clean-2.png",
        "sample-1-CLEAN-3.png",
    ]


def test_a_numbered_name_does_not_take_anothers(tmp_path: Path) -> None:
    paths = save_png(tmp_path, 1, [NamedImage(name, ONE) for name in ("a", "a-2", "a")])
    assert [path.name for path in paths] == ["sample-1-a.png", "sample-1-a-2.png", "sample-1-a-3.png"]


@given(st.lists(st.text(), max_size=6))
def test_any_names_become_safe_and_different(names: list[str]) -> None:
    safe = file_names(names)
    assert len(safe) == len(names) == len({name.lower() for name in safe})
    assert all(re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,110}", name) for name in safe)


def test_a_link_in_the_folder_is_replaced_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "sample-1-clean.png").symlink_to(precious)
    save_png(folder, 1, [NamedImage("clean", ONE)])
    assert precious.read_text() == "mine" and not (folder / "sample-1-clean.png").is_symlink()


@pytest.mark.parametrize("scale", [0, -1])
def test_a_scale_below_one_is_refused(tmp_path: Path, scale: int) -> None:
    with pytest.raises(ValueError, match="expected 1 or more"):
        save_png(tmp_path, 1, [NamedImage("clean", ONE)], scale)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    place = tmp_path / "taken"
    place.write_text("a file")
    for save in (
        lambda: save_png(place, 1, [NamedImage("clean", ONE)]),
        lambda: save_npz(place / "arrays.npz", {"clean": ONE}),
        lambda: save_npz(place / "deeper" / "arrays.npz", {"clean": ONE}),
    ):
        with pytest.raises(ThiniceError) as caught:
            save()
        assert str(place) in caught.value.what and "cannot be made a folder" in caught.value.what
        assert caught.value.do == "choose another folder"
    assert place.read_text() == "a file"


def test_a_folder_in_a_files_place(tmp_path: Path) -> None:
    (tmp_path / "sample-1-clean.png").mkdir()
    with pytest.raises(ThiniceError, match=r"sample-1-clean\.png: cannot be written") as caught:
        save_png(tmp_path, 1, [NamedImage("clean", ONE)])
    assert "another folder" in caught.value.do
    assert [path.name for path in tmp_path.iterdir()] == ["sample-1-clean.png"]


def test_npz_is_exact(tmp_path: Path) -> None:
    arrays: dict[str, NDArray[np.generic]] = {
        "clean": np.arange(12, dtype=np.uint8).reshape(3, 2, 2),
        "pruned-95/adversarial": np.array([[0.1, np.nan, np.inf, -0.0, 1e-45]], np.float32),
        "labels": np.array([3, -1], np.int64),
        "held": np.array([True, False]),
        "big-endian": np.array([1, 2], ">f8"),
        "empty": np.zeros((0, 3), np.float32),
        "columns first": np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3)),
    }
    path = save_npz(tmp_path / "sample.npz", arrays)
    assert path == tmp_path / "sample.npz"
    with np.load(path) as found:
        assert found.files == list(arrays)
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype and found[name].shape == array.shape
            assert found[name].tobytes() == array.tobytes()
    assert list(tmp_path.iterdir()) == [path]


def test_npz_is_compressed(tmp_path: Path) -> None:
    path = save_npz(tmp_path / "zeros.npz", {"zeros": np.zeros(100_000)})
    assert path.stat().st_size < 10_000


@pytest.mark.parametrize(
    ("asked", "written"),
    [("a", "a.npz"), ("a.npz", "a.npz"), ("cifar-8.255", "cifar-8.255.npz"), ("new/a", "new/a.npz")],
)
def test_npz_gets_its_ending_and_its_folder(tmp_path: Path, asked: str, written: str) -> None:
    path = save_npz(tmp_path / asked, {"a": ONE})
    assert path == tmp_path / written and path.is_file()


def test_arrays_that_npz_cannot_hold_are_refused_before_writing(tmp_path: Path) -> None:
    for name in ("file", "allow_pickle"):
        with pytest.raises(ValueError, match="keeps for itself"):
            save_npz(tmp_path / "a", {name: ONE})
    with pytest.raises(ValueError, match="of object, expected numbers"):
        save_npz(tmp_path / "a", {"a": np.array([{}], object)})
    assert not list(tmp_path.iterdir())


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    """A limit on the size of files refuses in the middle of writing, as a full disk does."""
    resource = pytest.importorskip("resource")
    path = save_npz(tmp_path / "kept.npz", {"a": ONE})
    before = path.read_bytes()
    arrays = {"noise": np.random.default_rng(0).random(500_000)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(ThiniceError, match=r"kept\.npz: cannot be written \(.+\)") as caught:
            save_npz(path, arrays)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "make room" in caught.value.do
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_an_interruption_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_npz(tmp_path / "kept.npz", {"a": ONE})
    before = path.read_bytes()

    def interrupted(stream: object, **arrays: object) -> None:
        assert arrays and hasattr(stream, "write")
        stream.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_npz(path, {"a": ONE})
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
