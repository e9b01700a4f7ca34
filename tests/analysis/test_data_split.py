"""Whether samples are training images, by the names that data sources give themselves."""

from pathlib import Path

import pytest

from tests.data.data_files import colour, write_cifar10, write_cifar10_train
from thinice_tui.analysis.data_split import TEST_BY_DEFAULT, Split, leakage_warning, split_of
from thinice_tui.data.sources.registry import SOURCES
from thinice_tui.data.spec import read_samples


@pytest.mark.parametrize(
    ("source", "split"),
    [
        ("cifar10:/data, the train split, the first 100", "train"),
        ("cifar100:/data, coarse labels, the train split", "train"),
        ("cifar100:/data, coarse labels", "test"),
        ("svhn:/data, the extra split", "train"),
        ("svhn:/data/train_32x32.mat", "train"),
        ("svhn:/data/test_32x32.mat", "test"),
        ("cifar10-c:/data/fog@3", "test"),
        ("folder:/imagenet/val, classes cat", "test"),
        ("folder:/imagenet/train", "train"),
        ("/test/data.npz", "unknown"),
        ("cifar10-test-1000.npz, the first 64", "test"),
        ("/x/train.npz", "train"),
        ("/x/train-and-test.npz", "unknown"),
        ("/x/contest.npz", "unknown"),
        ("images in memory", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_split_is_read_from_the_name(source: str, split: Split) -> None:
    assert split_of(source) == split
    warning = leakage_warning(source)
    assert (warning == "") == (split == "train") and (source in warning or split == "train")


def test_the_sources_themselves_are_told_apart(tmp_path: Path) -> None:
    write_cifar10(tmp_path, colour(), [0, 1] * 3)
    write_cifar10_train(tmp_path, colour(10), [0, 1] * 5)
    assert split_of(read_samples(f"cifar10:{tmp_path}").source) == "test"
    assert split_of(read_samples(f"cifar10:{tmp_path}#train").first(3).source) == "train"


def test_every_kind_with_a_test_split_is_known() -> None:
    kinds = {source.kind for source in SOURCES if source.splits[:1] == ("test",)}
    assert kinds < set(TEST_BY_DEFAULT) and set(TEST_BY_DEFAULT) - kinds == {"cifar10-c"}
