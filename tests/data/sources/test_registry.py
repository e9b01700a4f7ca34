"""Every data source has the splits that its row names."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from tests.data.data_files import (
    RANDOM,
    colour,
    write_cifar10,
    write_cifar10_train,
    write_cifar100,
    write_folders,
    write_mnist,
)
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError, UsageError

GREY = RANDOM.integers(0, 256, (5, 28, 28), dtype=np.uint8)
DIGITS = np.array([7, 2, 1, 0, 4], dtype=np.uint8)


def test_every_published_set_has_its_splits(tmp_path: Path) -> None:
    images = colour(10)
    write_cifar10(tmp_path, images[:3], [0, 1, 2])
    write_cifar10_train(tmp_path, images, list(range(10)))
    write_cifar100(tmp_path, images[:3], [10, 20, 30], [1, 2, 3])
    write_cifar100(tmp_path, images, list(range(10)), [5] * 10, split="train")
    write_mnist(tmp_path, GREY, DIGITS)
    write_mnist(tmp_path, GREY[::-1].copy(), DIGITS[::-1].copy(), packed=True, stem="train")
    for split, count in (("test", 3), ("train", 6), ("extra", 10)):
        stored = {"X": images[:count].transpose(2, 3, 1, 0), "y": np.ones((count, 1), dtype=np.uint8)}
        savemat(tmp_path / f"{split}_32x32.mat", stored)
    for kind, labels in (("cifar10", list(range(10))), ("cifar100", list(range(10)))):
        train = read_samples(f"{kind}:{tmp_path}#train")
        assert np.array_equal(train.images[:], images) and train.labels.tolist() == labels
        assert train.indices.tolist() == list(range(10)) and train.source == f"{kind}:{tmp_path}, the train split"
    for kind in ("mnist", "fashion-mnist"):
        train = read_samples(f"{kind}:{tmp_path}#train")
        assert np.array_equal(train.images[:], GREY[::-1, None]) and train.labels.tolist() == DIGITS[::-1].tolist()
    assert [len(read_samples(f"svhn:{tmp_path}#{split}")) for split in ("test", "train", "extra")] == [3, 6, 10]
    for kind in ("cifar10", "cifar100", "svhn", "mnist", "fashion-mnist"):
        test = read_samples(f"{kind}:{tmp_path}#test")
        assert test.fingerprint == read_samples(f"{kind}:{tmp_path}").fingerprint
        assert test.source == f"{kind}:{tmp_path}", "the default"


@pytest.mark.parametrize(
    ("spec", "message", "remedy"),
    [
        ("cifar10:c#extra", "has no split 'extra'", "test, train"),
        ("cifar10-c:c/fog@1#train", "has no split 'train'", "leave out #train"),
        ("folder:c#train", "has no split 'train'", "folder:c/train"),
        ("a.npz#train", "has no split 'train'", "leave out #train"),
        ("a.parquet#train", "has no split 'train'", "leave out #train"),
        ("cifar10:c#labels=coarse", "names labels", "it takes nothing after #"),
        ("cifar100:c#labels=rough", "has no labels 'rough'", "labels=fine or labels=coarse"),
    ],
)
def test_an_unknown_split_is_refused(spec: str, message: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        read_samples(spec)
    assert remedy in refused.value.do


def test_an_absent_training_file_is_named(tmp_path: Path) -> None:
    write_cifar10_train(tmp_path, colour(5), [0] * 5)
    (tmp_path / "cifar-10-batches-py" / "data_batch_4").unlink()
    with pytest.raises(DataError, match="data_batch_4: there is no such file"):
        read_samples(f"cifar10:{tmp_path}#train")
    with pytest.raises(DataError, match="there is no train-images-idx3-ubyte in it"):
        read_samples(f"mnist:{tmp_path}#train")


def test_a_folder_may_be_named_like_a_split(tmp_path: Path) -> None:
    """`#trained` is part of a folder's name, not the split `train`."""
    write_folders(tmp_path / "d#trained", {"0": colour(1, 8)})
    assert len(read_samples(f"folder:{tmp_path}/d#trained")) == 1
