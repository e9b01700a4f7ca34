"""Data sets in their authors' layouts: images, labels, original indices and class names."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from tests.data.published import (
    RANDOM,
    colour,
    python2_pickle,
    write_cifar10,
    write_cifar100,
    write_mnist,
)
from thinice_tui.data.samples import Samples
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError, ThiniceError, UsageError

GREY = RANDOM.integers(0, 256, (5, 28, 28), dtype=np.uint8)
DIGITS = np.array([7, 2, 1, 0, 4], dtype=np.uint8)


def check(samples: Samples, images: np.ndarray, labels: list[int]) -> None:
    assert samples.images.shape == images.shape and samples.images.dtype == images.dtype
    assert np.array_equal(samples.images[:], images)
    assert samples.labels.tolist() == labels and samples.labels.dtype == np.int64
    assert samples.indices.tolist() == list(range(len(labels)))


# CIFAR


@pytest.mark.parametrize("inside", ["", "cifar-10-batches-py"])
def test_cifar10_as_python_3_writes_it(tmp_path: Path, inside: str) -> None:
    images = colour()
    write_cifar10(tmp_path, images, [0, 1, 2, 3, 9, 5])
    samples = read_samples(f"cifar10:{tmp_path / inside}")
    check(samples, images, [0, 1, 2, 3, 9, 5])
    assert samples.class_names == ("airplane", "automobile") and samples.source == f"cifar10:{tmp_path / inside}"


def test_cifar10_as_python_2_wrote_it(tmp_path: Path) -> None:
    images = colour(3)
    (tmp_path / "test_batch").write_bytes(python2_pickle(images.reshape(3, -1), [7, 0, 9]))
    samples = read_samples(f"cifar10:{tmp_path}")
    check(samples, images, [7, 0, 9])
    assert samples.class_names == ()


@pytest.mark.parametrize("inside", ["", "cifar-100-python"])
def test_cifar100_has_its_fine_labels(tmp_path: Path, inside: str) -> None:
    images = colour(3)
    write_cifar100(tmp_path, images, fine=[49, 33, 72], coarse=[10, 10, 0])
    samples = read_samples(f"cifar100:{tmp_path / inside}")
    check(samples, images, [49, 33, 72])
    assert samples.class_names == ("apple", "aquarium_fish")


def test_cifar100_as_python_2_wrote_it(tmp_path: Path) -> None:
    images = colour(2)
    (tmp_path / "test").write_bytes(python2_pickle(images.reshape(2, -1), [99, 3], key="fine_labels"))
    check(read_samples(f"cifar100:{tmp_path}"), images, [99, 3])


def test_cifar_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"test_batch: there is no such file"):
        read_samples(f"cifar10:{tmp_path}")
    refused: list[tuple[dict[str, object], str]] = [
        ({"data": np.zeros((6, 100), dtype=np.uint8)}, "3072 columns"),
        ({"data": np.zeros((6, 3072))}, "3072 columns"),
        ({"labels": [1, 2]}, "labels have shape"),
        ({"labels": [[1], [2]]}, "no list of numbers"),
        ({"labels": "abc"}, "no list of numbers"),
    ]
    for changes, message in refused:
        write_cifar10(tmp_path, colour(), [0] * 6, changes)
        with pytest.raises(DataError, match=message):
            read_samples(f"cifar10:{tmp_path}")
    (tmp_path / "cifar-10-batches-py" / "test_batch").write_bytes(b"\x80\x02cut")
    with pytest.raises(DataError, match="cannot be read safely"):
        read_samples(f"cifar10:{tmp_path}")
    (tmp_path / "cifar-10-batches-py" / "test_batch").write_bytes(b"\x1f\x8bpacked")
    with pytest.raises(DataError, match="is a gzip file"):
        read_samples(f"cifar10:{tmp_path}")


# CIFAR-10-C


def write_cifar10_c(folder: Path) -> Path:
    """50 000 images a corruption, the severities one after the other; all zero but one a severity, so sparse."""
    folder.mkdir()
    images = np.lib.format.open_memmap(folder / "fog.npy", mode="w+", dtype=np.uint8, shape=(50_000, 32, 32, 3))
    for severity in range(1, 6):
        images[(severity - 1) * 10_000 + 17, 3, 4, 2] = severity
    images.flush()
    np.save(folder / "labels.npy", np.tile(np.arange(10_000) % 10, 5).astype(np.uint8))
    return folder


def test_cifar10_c_is_cut_by_severity(tmp_path: Path) -> None:
    folder = write_cifar10_c(tmp_path / "c")
    for severity in (1, 3, 5):
        samples = read_samples(f"cifar10-c:{folder}/fog@{severity}")
        assert samples.images.shape == (10_000, 3, 32, 32)
        assert samples.indices.tolist() == list(range(10_000))
        assert np.array_equal(samples.labels, np.arange(10_000) % 10)
        image = samples.images[np.array([17])][0]
        assert image[2, 3, 4] == severity and image.sum() == severity
        assert samples.class_names[3] == "cat" and samples.source.endswith(f"fog@{severity}")


@pytest.mark.parametrize(
    ("rest", "error", "message"),
    [
        ("c/fog", UsageError, "c/fog"),
        ("c/fog@0", UsageError, "c/fog@0"),
        ("c/fog@6", UsageError, "c/fog@6"),
        ("c/rain@1", DataError, "no such file"),
        ("d/fog@1", DataError, "no such file"),
        ("c/few@1", DataError, "shape .60, 32, 32, 3"),
    ],
)
def test_cifar10_c_that_is_none(tmp_path: Path, rest: str, error: type[ThiniceError], message: str) -> None:
    np.save(write_cifar10_c(tmp_path / "c") / "few.npy", np.zeros((60, 32, 32, 3), dtype=np.uint8))
    with pytest.raises(error, match=message) as caught:
        read_samples(f"cifar10-c:{tmp_path}/{rest}")
    assert "rain" not in rest or "few, fog" in caught.value.do


# MNIST


@pytest.mark.parametrize("inside", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
def test_mnist_where_people_have_it(tmp_path: Path, inside: str, packed: bool, dotted: bool) -> None:
    write_mnist(tmp_path / inside, GREY, DIGITS, packed, dotted)
    samples = read_samples(f"mnist:{tmp_path}")
    check(samples, GREY[:, None], DIGITS.tolist())
    assert samples.class_names == tuple("0123456789")


def test_fashion_mnist_has_its_names(tmp_path: Path) -> None:
    write_mnist(tmp_path / "FashionMNIST" / "raw", GREY, DIGITS, packed=True)
    samples = read_samples(f"fashion-mnist:{tmp_path}")
    check(samples, GREY[:, None], DIGITS.tolist())
    assert samples.class_names[7] == "Sneaker" and len(samples.class_names) == 10
    with pytest.raises(DataError, match="there is no t10k-images"):
        read_samples(f"mnist:{tmp_path}")


@pytest.mark.parametrize("packed", [False, True])
def test_mnist_that_is_cut_short_or_none(tmp_path: Path, packed: bool) -> None:
    write_mnist(tmp_path, GREY, DIGITS, packed)
    path = tmp_path / ("t10k-images-idx3-ubyte" + ".gz" * packed)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    with pytest.raises(DataError, match=r"cut short|cannot be unpacked"):
        read_samples(f"mnist:{tmp_path}")
    path.write_bytes((tmp_path / ("t10k-labels-idx1-ubyte" + ".gz" * packed)).read_bytes())
    with pytest.raises(DataError, match="expected an idx file of bytes in 3 dimensions"):
        read_samples(f"mnist:{tmp_path}")


@pytest.mark.network
def test_fashion_mnist_as_debian_has_it(tmp_path: Path) -> None:
    """The published files themselves: 10 000 images, 1000 a class, the first an ankle boot."""
    if not shutil.which("apt-get"):
        pytest.skip("no apt-get")
    subprocess.run(["apt-get", "download", "dataset-fashion-mnist"], cwd=tmp_path, check=True, capture_output=True)
    (package,) = tmp_path.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", package, tmp_path / "all"], check=True)
    (found,) = (tmp_path / "all").rglob("t10k-images-idx3-ubyte*")
    samples = read_samples(f"fashion-mnist:{found.parent}")
    assert samples.images.shape == (10_000, 1, 28, 28)
    assert np.bincount(samples.labels).tolist() == [1000] * 10
    assert samples.class_names[samples.labels[0]] == "Ankle boot"
    assert abs(float(samples.floats().mean()) - 0.2868) < 1e-3


# SVHN


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("packed", [False, True])
def test_svhn_has_its_zeros_as_zeros(tmp_path: Path, packed: bool, dtype: type) -> None:
    images = colour(4)
    labels: NDArray[Any] = np.array([[5], [10], [1], [10]], dtype=dtype)
    savemat(tmp_path / "test_32x32.mat", {"X": images.transpose(2, 3, 1, 0), "y": labels}, do_compression=packed)
    for spec in (f"svhn:{tmp_path}", f"svhn:{tmp_path}/test_32x32.mat"):
        samples = read_samples(spec)
        check(samples, images, [5, 0, 1, 0])
        assert samples.class_names == tuple("0123456789")


def test_svhn_that_is_cut_short_or_none(tmp_path: Path) -> None:
    path = tmp_path / "test_32x32.mat"
    with pytest.raises(DataError, match="no such file"):
        read_samples(f"svhn:{tmp_path}")
    savemat(path, {"X": colour(4).transpose(2, 3, 1, 0), "y": np.ones((4, 1), dtype=np.uint8)}, do_compression=True)
    whole = path.read_bytes()
    for length in (130, len(whole) // 2, len(whole) - 100):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"cannot be read|has "):
            read_samples(f"svhn:{tmp_path}")
    savemat(path, {"X": np.zeros((32, 32, 3)), "y": np.ones((1, 1)), "z": {"a": ["b"]}, "s": "text"})
    with pytest.raises(DataError, match=r"has X .32, 32, 3., y .1, 1."):
        read_samples(f"svhn:{tmp_path}")
    path.write_bytes(b"\x89HDF\r\n\x1a\n....")
    with pytest.raises(DataError, match="is an HDF5 file"):
        read_samples(f"svhn:{tmp_path}")
