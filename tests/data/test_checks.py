"""Images and labels from files, checked."""

from pathlib import Path

import numpy as np
import pytest

from thinice_tui.data.labels import check_labels
from thinice_tui.data.layout import StoredImages
from thinice_tui.data.spec import read_samples, stored_spec
from thinice_tui.errors import DataError, UsageError

RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (6, 3, 8, 8), dtype=np.uint8)


def save(path: Path, **arrays: object) -> str:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return str(path)


@pytest.mark.parametrize("names", [("images", "labels"), ("x_test", "y_test"), ("x", "y")])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.float16])
def test_npz_in_all_its_forms(tmp_path: Path, names: tuple[str, str], layout: str, dtype: type) -> None:
    stored = PIXELS if dtype is np.uint8 else (PIXELS / 255).astype(dtype)
    if layout == "NHWC":
        stored = stored.transpose(0, 2, 3, 1)
    labels = np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8)
    samples = read_samples(save(tmp_path / "a.npz", **{names[0]: stored, names[1]: labels}))
    assert samples.images.shape == (6, 3, 8, 8) and samples.labels.dtype == np.int64
    assert np.allclose(samples.floats(), PIXELS / 255, atol=1e-3 if dtype is np.float16 else 1e-6)
    assert samples.floats().dtype == np.float32
    assert samples.indices.tolist() == [0, 1, 2, 3, 4, 5]


def test_grey_images_may_lack_the_channel(tmp_path: Path) -> None:
    samples = read_samples(save(tmp_path / "a.npz", images=PIXELS[:, 0], labels=np.zeros(6, dtype=np.int64)))
    assert samples.images.shape == (6, 1, 8, 8)


def test_names_and_original_indices_are_kept(tmp_path: Path) -> None:
    spec = save(
        tmp_path / "a.npz",
        images=PIXELS,
        labels=np.arange(6),
        class_names=np.array(list("abcdef")),
        indices=np.array([10, 11, 15, 20, 21, 22]),
    )
    first = read_samples(spec).first(3)
    assert first.class_names == tuple("abcdef") and first.indices.tolist() == [10, 11, 15]
    assert len(first) == 3
    for wrong in (0, 7, -1):
        with pytest.raises(DataError, match="holds 6 samples"):
            read_samples(spec).first(wrong)


def test_the_fingerprint_tells_data_apart_and_not_where_it_lies(tmp_path: Path) -> None:
    labels = np.arange(6)
    one = read_samples(save(tmp_path / "a.npz", images=PIXELS, labels=labels))
    same = read_samples(save(tmp_path / "b.npz", x=PIXELS.transpose(0, 2, 3, 1), y=labels))
    other = read_samples(save(tmp_path / "c.npz", images=PIXELS, labels=labels[::-1]))
    assert one.fingerprint == same.fingerprint != other.fingerprint


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
def test_images_that_cannot_be_meant_are_refused(images: np.ndarray, message: str, remedy: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        StoredImages(images, "made")[:]
    assert remedy in caught.value.do


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(5), "expected one a sample|shape"),
        (np.array([0, 1, 2, -1, 0, 0]), "lowest label is -1"),
        (np.full(6, 0.5), "labels are float64, that of index 0 is 0.5"),
        (np.eye(6, dtype=np.int64) * 2, "not one-hot"),
        (np.eye(5, dtype=np.int64), "shape"),
    ],
)
def test_labels_that_cannot_be_meant_are_refused(labels: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_labels(labels, 6, "made")


def test_npz_that_is_none_or_lacks_arrays(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with pytest.raises(DataError, match="no such file"):
        read_samples(str(path))
    path.write_bytes(b"not an archive")
    with pytest.raises(DataError, match="cannot be read"):
        read_samples(str(path))
    whole = Path(save(path, images=PIXELS, labels=np.arange(6))).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be read"):
        read_samples(str(path))
    with pytest.raises(DataError, match="no labels in it"):
        read_samples(save(path, images=PIXELS))
    with pytest.raises(DataError, match="holds Python objects"):
        read_samples(save(path, images=np.array([{"a": 1}], dtype=object), labels=np.arange(1)))


def test_unknown_specs_are_refused_and_stored_ones_lie_beside_the_checkpoint() -> None:
    for wrong in ("imagenet:there", "folder", "a.txt"):
        with pytest.raises(UsageError, match=r"expected cifar10:DIR, .* FILE.npz"):
            read_samples(wrong)
    assert stored_spec({"dataset": "x.npz"}, Path("/models/dense.pt")) == "/models/x.npz"
    assert stored_spec({"dataset": "cifar10:data"}, Path("/models/dense.pt")) == "cifar10:/models/data"
    with pytest.raises(UsageError, match="names no data set"):
        stored_spec({}, Path("dense.pt"))
