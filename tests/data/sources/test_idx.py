"""MNIST and Fashion-MNIST in idx files, in every usual place and spelling."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.data.checks import check_samples
from tests.data.data_files import (
    RANDOM,
    write_mnist,
)
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError

GREY = RANDOM.integers(0, 256, (5, 28, 28), dtype=np.uint8)
DIGITS = np.array([7, 2, 1, 0, 4], dtype=np.uint8)


@pytest.mark.parametrize("inside", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dotted", [False, True])
def test_mnist_is_found_in_every_usual_place(tmp_path: Path, inside: str, packed: bool, dotted: bool) -> None:
    write_mnist(tmp_path / inside, GREY, DIGITS, packed, dotted)
    samples = read_samples(f"mnist:{tmp_path}")
    check_samples(samples, GREY[:, None], DIGITS.tolist())
    assert samples.class_names == tuple("0123456789")


def test_fashion_mnist_has_its_class_names(tmp_path: Path) -> None:
    write_mnist(tmp_path / "FashionMNIST" / "raw", GREY, DIGITS, packed=True)
    samples = read_samples(f"fashion-mnist:{tmp_path}")
    check_samples(samples, GREY[:, None], DIGITS.tolist())
    assert samples.class_names[7] == "Sneaker" and len(samples.class_names) == 10
    with pytest.raises(DataError, match="there is no t10k-images"):
        read_samples(f"mnist:{tmp_path}")


@pytest.mark.parametrize("packed", [False, True])
def test_truncated_and_invalid_mnist_files_are_refused(tmp_path: Path, packed: bool) -> None:
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
def test_the_published_fashion_mnist_is_read(tmp_path: Path) -> None:
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
