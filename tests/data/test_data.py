"""Images and labels from files, checked."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from thinice_tui.data.images import check_images
from thinice_tui.data.labels import check_labels
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
        check_images(images, "made")
    assert remedy in caught.value.do


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(5), "expected one a sample|shape"),
        (np.array([0, 1, 2, -1, 0, 0]), "lowest label is -1"),
        (np.zeros(6), "labels are float64"),
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


def write_batches(folder: Path, **changes: object) -> Path:
    """CIFAR-10's python version as its authors wrote it: protocol 2, bytes as keys."""
    folder.mkdir(parents=True, exist_ok=True)
    batch = {b"data": PIXELS[:, :, :1].repeat(32, 2).repeat(4, 3).reshape(6, -1), b"labels": [0, 1, 2, 3, 9, 5]}
    batch.update({key.encode(): value for key, value in changes.items()})
    (folder / "test_batch").write_bytes(pickle.dumps(batch, protocol=2))
    (folder / "batches.meta").write_bytes(pickle.dumps({b"label_names": [b"plane", b"car"]}, protocol=2))
    return folder


@pytest.mark.parametrize("inside", ["", "cifar-10-batches-py"])
def test_cifar10_in_its_python_version(tmp_path: Path, inside: str) -> None:
    write_batches(tmp_path / "data" / inside)
    samples = read_samples(f"cifar10:{tmp_path / 'data'}")
    assert samples.images.shape == (6, 3, 32, 32) and samples.images.dtype == np.uint8
    assert samples.images[:][2, 1, 5, 0] == PIXELS[2, 1, 0, 0]
    assert samples.labels.tolist() == [0, 1, 2, 3, 9, 5]
    assert samples.class_names == ("plane", "car")


def python2_pickle(rows: np.ndarray, labels: list[int]) -> bytes:
    """The opcodes of Python 2's cPickle, as in the published file: every string is a byte string."""
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    shape = b"J" + len(rows).to_bytes(4, "little") + b"J" + rows.shape[1].to_bytes(4, "little") + b"\x86"
    data = b"T" + rows.nbytes.to_bytes(4, "little") + rows.tobytes()
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    array += b"(K\x01" + shape + dtype + b"\x89" + data + b"tb"
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    pickled: bytes = b"\x80\x02}(U\x04data" + array + b"U\x06labels" + numbers + b"u."
    return pickled


def test_cifar10_as_python_2_wrote_it(tmp_path: Path) -> None:
    rows = RANDOM.integers(0, 256, (3, 3072), dtype=np.uint8)
    (tmp_path / "test_batch").write_bytes(python2_pickle(rows, [7, 0, 9]))
    samples = read_samples(f"cifar10:{tmp_path}")
    assert np.array_equal(samples.images[:], rows.reshape(3, 3, 32, 32))
    assert samples.labels.tolist() == [7, 0, 9] and samples.class_names == ()


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch executed",)


def test_cifar10_never_runs_pickled_code(tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "data", extra=Evil())
    with pytest.raises(DataError, match=r"cannot be read safely .it wants to run .*system"):
        read_samples(f"cifar10:{folder}")
    assert not Path("executed").exists()


def test_cifar10_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"test_batch: there is no such file"):
        read_samples(f"cifar10:{tmp_path}")
    folder = write_batches(tmp_path / "data", data=np.zeros((6, 100), dtype=np.uint8))
    with pytest.raises(DataError, match="3072 columns"):
        read_samples(f"cifar10:{folder}")
    folder = write_batches(tmp_path / "data", labels=[1, 2])
    with pytest.raises(DataError, match="labels have shape"):
        read_samples(f"cifar10:{folder}")
    (folder / "test_batch").write_bytes(b"\x80\x02cut")
    with pytest.raises(DataError, match="cannot be read safely"):
        read_samples(f"cifar10:{folder}")


def test_unknown_specs_are_refused_and_stored_ones_lie_beside_the_checkpoint() -> None:
    for wrong in ("imagenet:there", "folder", "a.txt"):
        with pytest.raises(UsageError, match=r"expected cifar10:DIR, .* FILE.npz"):
            read_samples(wrong)
    assert stored_spec({"dataset": "x.npz"}, Path("/models/dense.pt")) == "/models/x.npz"
    assert stored_spec({"dataset": "cifar10:data"}, Path("/models/dense.pt")) == "cifar10:/models/data"
    with pytest.raises(UsageError, match="names no data set"):
        stored_spec({}, Path("dense.pt"))
