"""CIFAR-10 and CIFAR-100 in the files of their authors."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.checks import check_samples
from tests.data.data_files import (
    colour,
    python2_pickle,
    write_cifar10,
    write_cifar100,
)
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError


@pytest.mark.parametrize("inside", ["", "cifar-10-batches-py"])
def test_cifar10_as_python_3_writes_it(tmp_path: Path, inside: str) -> None:
    images = colour()
    write_cifar10(tmp_path, images, [0, 1, 2, 3, 9, 5])
    samples = read_samples(f"cifar10:{tmp_path / inside}")
    check_samples(samples, images, [0, 1, 2, 3, 9, 5])
    assert samples.class_names == ("airplane", "automobile") and samples.source == f"cifar10:{tmp_path / inside}"


def test_cifar10_as_python_2_wrote_it(tmp_path: Path) -> None:
    images = colour(3)
    (tmp_path / "test_batch").write_bytes(python2_pickle(images.reshape(3, -1), [7, 0, 9]))
    samples = read_samples(f"cifar10:{tmp_path}")
    check_samples(samples, images, [7, 0, 9])
    assert samples.class_names == ()


@pytest.mark.parametrize("inside", ["", "cifar-100-python"])
def test_cifar100_has_its_fine_labels(tmp_path: Path, inside: str) -> None:
    images = colour(3)
    write_cifar100(tmp_path, images, fine=[49, 33, 72], coarse=[10, 10, 0])
    samples = read_samples(f"cifar100:{tmp_path / inside}")
    check_samples(samples, images, [49, 33, 72])
    assert samples.class_names == ("apple", "aquarium_fish")


def test_cifar100_as_python_2_wrote_it(tmp_path: Path) -> None:
    images = colour(2)
    (tmp_path / "test").write_bytes(python2_pickle(images.reshape(2, -1), [99, 3], key="fine_labels"))
    check_samples(read_samples(f"cifar100:{tmp_path}"), images, [99, 3])


def test_invalid_cifar_files_are_refused(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("named", ["coarse", "coarse_label", "coarse_labels"])
def test_cifar100_has_two_kinds_of_labels(tmp_path: Path, named: str) -> None:
    write_cifar100(tmp_path, colour(3), fine=[49, 33, 72], coarse=[10, 19, 0])
    fine, coarse = read_samples(f"cifar100:{tmp_path}"), read_samples(f"cifar100:{tmp_path}#test,labels={named}")
    assert fine.labels.tolist() == [49, 33, 72] and coarse.labels.tolist() == [10, 19, 0]
    assert coarse.class_names == ("aquatic_mammals",) and coarse.source == f"cifar100:{tmp_path}, coarse labels"
    remedy = "its 20 coarse labels are read with #labels=coarse after the folder's name"
    assert fine.notes == (f"labels are the 100 fine ones; {remedy}",) and coarse.notes == ()
