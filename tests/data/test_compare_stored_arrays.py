"""Labels, pixels and shapes of stored arrays through the compare command, on real files: read or refused."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from numpy.typing import NDArray
from pyarrow import parquet

from tests.data.compare_command import RUN, compare, refuse
from tests.data.data_files import encoded, write_folders
from tests.linear_models import Files, as_uint8, make_task
from thinice_tui.runfile.read_sample import read_image

TASK = make_task()
IMAGES, LABELS = as_uint8(TASK.images), TASK.labels
FLOATS = TASK.images
NAMES = np.array(["ant", "bee", "cat", "dog", "eel"])


def npz(images: NDArray[Any] = IMAGES, labels: NDArray[Any] = LABELS, **more: NDArray[Any]) -> str:
    np.savez("d.npz", images=images, labels=labels, **more)  # type: ignore[arg-type]
    return "d.npz"


def pt(images: object, labels: object, **more: object) -> str:
    torch.save({"images": images, "labels": labels, **more}, "d.pt")
    return "d.pt"


def table(labels: "pa.Array[Any]", images: list[bytes | None] | None = None) -> str:
    stored = [encoded(image) for image in IMAGES] if images is None else images
    cells = [None if content is None else {"bytes": content, "path": ""} for content in stored]
    parquet.write_table(pa.table({"img": cells, "label": labels}), "d.parquet")
    return "d.parquet"


# labels


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_whole_numbers_of_float_type_are_labels(files: Files, dtype: type) -> None:
    assert compare(files, npz(labels=LABELS.astype(dtype))).labels == LABELS.tolist()


def test_booleans_are_labels_of_two_classes(files: Files) -> None:
    assert compare(files, npz(labels=LABELS == 3)).labels == (LABELS == 3).astype(int).tolist()


@pytest.mark.parametrize("kind", ["npz", "pt", "parquet", "categories"])
def test_text_labels_are_class_names_or_numbers(files: Files, kind: str) -> None:
    for texts, how in (
        (NAMES, "by the order of their names: ant → 0, bee → 1, cat → 2, dog → 3, eel → 4"),
        (np.array(list("01234")), "by the numbers that they are: 0 → 0, 1 → 1, 2 → 2, 3 → 3, 4 → 4"),
    ):
        listed = texts[LABELS].tolist()
        column = pa.array(listed).dictionary_encode() if kind == "categories" else pa.array(listed)
        spec = npz(labels=texts[LABELS]) if kind == "npz" else table(column)
        spec = pt(torch.from_numpy(IMAGES), listed) if kind == "pt" else spec
        done = compare(files, spec)
        assert done.labels == LABELS.tolist() and done.notes == [f"labels are text, numbered {how}"]


def test_class_names_in_the_file_number_text_labels(files: Files) -> None:
    done = compare(files, npz(labels=NAMES[LABELS], class_names=NAMES[[4, 3, 2, 1, 0]]))
    assert done.labels == (4 - LABELS).tolist()
    assert "by their place in class_names: eel → 0, dog → 1" in done.notes[0]


def test_text_labels_of_some_classes_are_refused(files: Files) -> None:
    message = refuse(files, npz(labels=NAMES[LABELS % 3]))
    assert "has 3 classes, but" in message and "store label numbers, or class_names in the order" in message


def test_lists_of_numbers_in_a_pt_are_labels(files: Files) -> None:
    assert compare(files, pt(torch.from_numpy(IMAGES), LABELS.tolist())).labels == LABELS.tolist()


def test_labels_from_1_are_refused_with_how_to_renumber_them(files: Files) -> None:
    message = refuse(files, npz(labels=LABELS + 1))
    assert "has labels up to 5 and no 0" in message and "Then subtract 1 from each" in message


def without(value: object, at: int = 7) -> list[Any]:
    """All labels, with `value` in place of one."""
    return [*LABELS[:at].tolist(), value, *LABELS[at + 1 :].tolist()]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (without(float("nan")), "labels are float64, that of index 7 is nan"),
        (without(2.5), "labels are float64, that of index 7 is 2.5"),
        (without(None), "the label of index 7 is missing (null)"),
        (without({"cat": 1}), "the label of index 7 is a dict"),
        (without("cat"), "some labels are text, others numbers"),
        (without(10**30), "some labels are huge numbers"),
    ],
)
def test_an_invalid_label_is_refused_with_its_index(files: Files, labels: list[Any], message: str) -> None:
    assert message in refuse(files, pt(torch.from_numpy(IMAGES), labels))
    if isinstance(labels[7], float):
        indices = np.arange(len(labels)) + 300
        assert message.replace("index 7", "index 307") in refuse(files, npz(labels=np.array(labels), indices=indices))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (pa.array(without(None)), "1 of 48 labels (label) are missing, the first in row 7"),
        (pa.array([None if at == 7 else "cat" for at in range(48)]), "labels (label) are missing, the first in row 7"),
        (pa.array([{"fine": 1}] * 48), "labels (label) are struct<fine: int64>"),
        (pa.array([[1, 2]] * 48), "labels (label) are list<"),
        (pa.array(without(2.5)), "labels are double, that of index 7 is 2.5".replace("double", "float64")),
    ],
)
def test_an_invalid_label_column_is_refused_with_its_name(files: Files, labels: "pa.Array[Any]", message: str) -> None:
    assert message in refuse(files, table(labels))


def test_objects_in_an_npz_are_never_unpickled(files: Files) -> None:
    message = refuse(files, npz(labels=LABELS.astype(object)))
    assert "holds Python objects" in message and "numpy.array(labels, dtype='int64')" in message


def test_two_kinds_of_labels_give_a_note(files: Files) -> None:
    tensors = {"fine_label": torch.from_numpy(LABELS), "coarse_label": torch.from_numpy(LABELS % 2)}
    torch.save({"images": torch.from_numpy(IMAGES), **tensors}, "d.pt")
    done = compare(files, "d.pt")
    remedy = "other labels there are read with #labels=coarse_label after the file's name"
    assert done.labels == LABELS.tolist() and done.notes == [f"labels are fine_label; {remedy}"]
    named = compare(files, "d.pt#labels=coarse_label")
    assert named.labels == (LABELS % 2).tolist() and named.notes == []
    torch.save({"images": torch.from_numpy(IMAGES), **tensors, "fine_label": torch.from_numpy(LABELS + 20)}, "d.pt")
    assert remedy in refuse(files, "d.pt").split("error: ")[1]


# pixels


def test_pixels_outside_by_rounding_are_clipped_with_a_note(files: Files) -> None:
    images = FLOATS.copy()
    images[3, 0, 0, 0], images[40, 1, 2, 3] = -3e-8, 1.0000001
    done = compare(files, npz(images))
    (note,) = done.notes
    assert note.startswith("pixels from -2.99999989e-08 to 1.00000012 were clipped to [0,1]") and note in done.said
    assert compare(files, npz(images.clip(0, 1))).report["samples"] == done.report["samples"]
    assert compare(files, npz(images), "--samples", "3").notes == [], "of those selected"


@pytest.mark.parametrize(
    ("pixel", "remedy"),
    [(-2e-6, "clip them"), (1.05, "clip them"), (-2.0, "look normalised"), (3.0, "look like [0,255]")],
)
def test_pixels_further_outside_are_refused_with_their_index(files: Files, pixel: float, remedy: str) -> None:
    images = FLOATS.copy()
    images[17, 2, 5, 5] = pixel
    message = refuse(files, npz(images, indices=np.arange(len(images)) + 100))
    assert "expected [0, 1]: index 117" in message and remedy in message


def test_nan_is_refused_with_its_index_where_it_is_selected(files: Files) -> None:
    images = FLOATS.copy()
    images[[0, 17, 47], 0, 0, 0] = np.nan
    spec = npz(images)
    message = refuse(files, spec)
    assert "3 images of 48 that were read hold NaN or infinite pixels: index 0, 17, 47" in message
    Path("list.txt").write_text("5\n30\n46\n")
    assert compare(files, spec, "--indices", "list.txt").indices == [5, 30, 46]
    Path("list.txt").write_text("5\n17\n")
    assert "1 images of 2 that were read hold NaN or infinite pixels: index 17" in refuse(
        files, spec, "--indices", "list.txt"
    )


def test_unselected_image_files_are_not_read(files: Files) -> None:
    """The first is damaged, the second of another size, the last empty."""
    for label in range(5):
        write_folders(Path("d"), {f"{label}": IMAGES[label == LABELS][:4]})
    (Path("d") / "0" / "img_0.png").write_bytes(b"damaged")
    (Path("d") / "0" / "img_1.png").write_bytes(encoded(np.zeros((3, 9, 9), dtype=np.uint8)))
    (Path("d") / "4" / "img_3.png").write_bytes(b"")
    assert compare(files, "folder:d", "--classes", "1,2,3").indices == list(range(4, 16))
    assert "d/0/img_0.png: is text, expected an image" in refuse(files, "folder:d")
    assert "d/4/img_3.png: is empty, expected an image" in refuse(files, "folder:d", "--classes", "4")
    content: list[bytes | None] = [None, *(encoded(image) for image in IMAGES[1:])]
    spec = table(pa.array(LABELS), content)
    assert 0 not in compare(files, spec, "--classes", "1,2").indices
    assert "d.parquet row 0: has no image (img is null)" in refuse(files, spec)


def deep_png(channels: int) -> bytes:
    """An 8 × 8 PNG of 16 bits a channel: grey, grey and alpha, RGB or RGBA."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 8, 8, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = (b"\0" + bytes(8 * 2 * channels)) * 8
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def deep_tiff() -> bytes:
    """An 8 × 8 RGB TIFF of 16 bits a channel, in one uncompressed strip."""
    data = bytes(8 * 8 * 3 * 2)
    depth_at = 8 + 2 + 12 * 9 + 4
    entries = [(256, 3, 1, 8), (257, 3, 1, 8), (258, 3, 3, depth_at), (259, 3, 1, 1), (262, 3, 1, 2)]
    entries += [(273, 4, 1, depth_at + 6), (277, 3, 1, 3), (278, 3, 1, 8), (279, 4, 1, len(data))]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<IHHH", 0, 16, 16, 16) + data


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((f"{channels}.png", deep_png(channels)) for channels in (1, 2, 3, 4)),
        ("3.tiff", deep_tiff()),
        ("3.ppm", b"P6 8 8 65535\n" + bytes(8 * 8 * 6)),
        ("1.pgm", b"P5 8 8 65535\n" + bytes(8 * 8 * 2)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_sixteen_bits_per_channel_are_refused_in_grey_and_colour(files: Files, name: str, content: bytes) -> None:
    """Pillow would read the upper 8 bits of colour and clip grey at 255, without a warning."""
    for label in "01234":
        (Path("d") / label).mkdir(parents=True)
        (Path("d") / label / name).write_bytes(content)
    message = refuse(files, "folder:d")
    assert f"d/0/{name}: has more than 8 bits a channel" in message and "save it with 8" in message


def test_sixteen_bits_per_pixel_are_read(files: Files) -> None:
    """A BMP of 5 bits a channel, which Pillow calls BGR;15."""
    header = struct.pack("<2sIHHI", b"BM", 54 + 128, 0, 0, 54) + struct.pack(
        "<IiiHHIIiiII", 40, 8, 8, 1, 16, 0, *[0] * 5
    )
    pixels = struct.pack("<64H", *[0b11111_00000_00000] * 64)
    for label in "01234":
        (Path("d") / label).mkdir(parents=True)
        (Path("d") / label / "0.bmp").write_bytes(header + pixels)
    assert compare(files, "folder:d").labels == [0, 1, 2, 3, 4]
    assert read_image(RUN, 0)[:, 0, 0].tolist() == [255, 0, 0]


# shapes


@pytest.mark.parametrize(
    ("shape", "first", "last"),
    [
        ((3, 8, 3), "8 × 3 pixels, 3 channels", "3 × 8 pixels, 3 channels"),
        ((1, 1, 3), "1 × 3 pixels, 1 channel", "1 × 1 pixels, 3 channels"),
        ((3, 3, 3), "3 × 3 pixels, 3 channels", "3 × 3 pixels, 3 channels"),
        ((1, 28, 1), "28 × 1 pixels, 1 channel", "1 × 28 pixels, 1 channel"),
    ],
)
def test_an_ambiguous_layout_is_refused_with_both_readings(
    files: Files, shape: tuple[int, ...], first: str, last: str
) -> None:
    message = refuse(files, npz(np.zeros((48, *shape), dtype=np.uint8)))
    assert "whose channels may be first or last" in message
    assert f"#layout=NCHW ({first}) or #layout=NHWC ({last})" in message


def test_a_named_layout_is_used(files: Files) -> None:
    """The same 192 numbers as [3,64,1]: three channels of 64 × 1 pixels, or 3 × 64 pixels of one channel."""
    stored = IMAGES.reshape(48, 3, 64, 1)
    np.save("images.npy", stored)
    np.save("labels.npy", LABELS)
    for named, shape in (("NCHW", [3, 64, 1]), ("NHWC", [1, 3, 64])):
        for spec in (npz(stored), "images.npy", "images.npy,labels.npy"):
            done = compare(files, f"{spec}#layout={named}")
            assert done.report["run"]["data"]["shape"] == shape
    assert "expected 1 or 3 channels, last" in refuse(files, npz() + "#layout=NHWC")
    assert "expected layout=NCHW or layout=NHWC" in refuse(files, npz() + "#layout=CHW")
    assert "without channels" in refuse(files, npz(IMAGES[:, 0]) + "#layout=NCHW")


def test_a_table_is_refused_with_how_to_wrap_the_network(files: Files) -> None:
    message = refuse(files, npz(FLOATS.reshape(48, -1)))
    assert "is a table, of shape (48, 192)" in message and "images.reshape(n, 3, 8, 8)" in message
    assert "[n, 1, 1, 192]" in message and "nn.Sequential(nn.Flatten(), network)" in message
    assert compare(files, npz(FLOATS.reshape(48, 1, 1, -1))).labels == LABELS.tolist()
    assert "[n, 1, 1, columns]" in refuse(files, "d.csv")


# indices


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, ">i4"])
def test_indices_may_be_a_numpy_array(files: Files, dtype: str) -> None:
    np.save("x.npy", np.array([30, 3, 17], dtype=dtype))
    assert compare(files, npz(), "--indices", "x.npy").indices == [30, 3, 17]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.arange(48) % 2 == 0, "is a mask of 48 rows"),
        (np.array([1.0, 2.0]), "is an array of float64 and shape (2,), expected whole numbers [n]"),
        (np.array([[1], [2]]), "shape (2, 1), expected whole numbers [n]"),
        (np.array([-1]), "indices are whole numbers from 0"),
        (np.array([], dtype=np.int64), "names no indices"),
        (np.array([2, 2]), "names 2 more than once"),
        (np.array([48]), "names 1 indices that are not in d.npz: 48"),
    ],
)
def test_arrays_that_are_no_indices_are_refused(files: Files, array: NDArray[Any], message: str) -> None:
    np.save("x.npy", array)
    assert message in refuse(files, npz(), "--indices", "x.npy")


def test_other_files_are_refused_as_indices_and_class_map(files: Files) -> None:
    write_folders(Path("d"), {"a": IMAGES[:1]})
    np.savez("x.npz", np.arange(3))
    assert "x.npz: is a zip archive, expected a list of original indices" in refuse(files, npz(), "--indices", "x.npz")
    assert "x.npz: is a zip archive, expected JSON" in refuse(files, "folder:d", "--class-map", "x.npz")


@pytest.mark.parametrize("suffix", ["npz", "npy", "pt", "parquet", "safetensors"])
def test_an_empty_file_is_refused_as_empty(files: Files, suffix: str) -> None:
    Path(f"e.{suffix}").write_bytes(b"")
    assert f"e.{suffix}: is empty, expected " in refuse(files, f"e.{suffix}")


def test_a_list_of_images_is_refused_with_how_to_stack_it(files: Files) -> None:
    message = refuse(files, pt([torch.from_numpy(image) for image in IMAGES], LABELS.tolist()))
    assert "its images are a list of 48, expected one tensor" in message and "torch.stack(images)" in message


def test_a_path_that_looks_like_an_emoji_code_is_printed_unchanged(files: Files) -> None:
    """`folder:a: has` is not `folder🅰 has`."""
    Path("a").mkdir()
    write_folders(Path("a"), {"n00000001": IMAGES[:1]})
    assert "folder:a: has 1 WordNet ids" in refuse(files, "folder:a")
