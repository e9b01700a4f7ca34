"""Training splits of the published data sets, and CIFAR-100's two kinds of labels."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from typer.testing import CliRunner

from tests.data.published import (
    RANDOM,
    colour,
    write_cifar10,
    write_cifar10_train,
    write_cifar100,
    write_folders,
    write_mnist,
)
from tests.places import SAMPLE_MODELS
from thinice_tui.commands.app import app
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError, UsageError
from thinice_tui.runfile.read_sample import read_image

GREY = RANDOM.integers(0, 256, (5, 28, 28), dtype=np.uint8)
DIGITS = np.array([7, 2, 1, 0, 4], dtype=np.uint8)


def test_cifar10s_training_images_are_attacked_as_named(tmp_path: Path) -> None:
    """Index 7 of the training split is its own eighth image, in the second of its files, not the test split's."""
    train, test = colour(12), colour(6)
    write_cifar10(tmp_path / "c", test, [0] * 6)
    write_cifar10_train(tmp_path / "c", train, [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8])
    models = [str(SAMPLE_MODELS / name) for name in ("dense.pt", "pruned.pt")]
    Path("list.txt").write_text("7\n11\n")
    words = ["compare", *models, "--attack", "pgd-1", "--report", "--format", "json", "--samples-in-report"]
    words += ["--run", "a.thinice", "--indices", "list.txt", "--data"]
    done = CliRunner().invoke(app, [*words, "cifar10:c#train"])
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert [(sample["index"], sample["label"]) for sample in report["samples"]] == [(7, 6), (11, 8)]
    assert report["run"]["data"]["source"] == "cifar10:c, the train split, the 2 of list.txt"
    assert np.array_equal(read_image(Path("a.thinice"), 0), train[7])
    refused = CliRunner().invoke(app, [*words, "cifar10:c"])
    assert refused.exit_code == 1 and "names 2 indices that are not in cifar10:c: 7, 11" in refused.stderr


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
def test_splits_that_are_not_there(spec: str, message: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        read_samples(spec)
    assert remedy in refused.value.do


def test_a_training_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_cifar10_train(tmp_path, colour(5), [0] * 5)
    (tmp_path / "cifar-10-batches-py" / "data_batch_4").unlink()
    with pytest.raises(DataError, match="data_batch_4: there is no such file"):
        read_samples(f"cifar10:{tmp_path}#train")
    with pytest.raises(DataError, match="there is no train-images-idx3-ubyte in it"):
        read_samples(f"mnist:{tmp_path}#train")


@pytest.mark.parametrize("named", ["coarse", "coarse_label", "coarse_labels"])
def test_cifar100_has_two_kinds_of_labels(tmp_path: Path, named: str) -> None:
    write_cifar100(tmp_path, colour(3), fine=[49, 33, 72], coarse=[10, 19, 0])
    fine, coarse = read_samples(f"cifar100:{tmp_path}"), read_samples(f"cifar100:{tmp_path}#test,labels={named}")
    assert fine.labels.tolist() == [49, 33, 72] and coarse.labels.tolist() == [10, 19, 0]
    assert coarse.class_names == ("aquatic_mammals",) and coarse.source == f"cifar100:{tmp_path}, coarse labels"
    remedy = "its 20 coarse labels are read with #labels=coarse after the folder's name"
    assert fine.notes == (f"labels are the 100 fine ones; {remedy}",) and coarse.notes == ()


def test_a_model_of_other_outputs_is_told_of_the_other_labels(tmp_path: Path) -> None:
    write_cifar100(tmp_path / "c", colour(3), fine=[4, 3, 7], coarse=[1, 9, 0])
    for spec, classes, remedy in (
        ("cifar100:c", 100, "its 20 coarse labels are read with #labels=coarse"),
        ("cifar100:c#labels=coarse", 20, "its 100 fine labels are read with #labels=fine"),
    ):
        words = ["compare", str(SAMPLE_MODELS / "dense.pt"), str(SAMPLE_MODELS / "pruned.pt"), "--data", spec]
        refused = CliRunner().invoke(app, [*words, "--report"])
        said = " ".join(refused.stderr.split())
        assert refused.exit_code == 1 and f"has {classes} classes, but" in said and remedy in said


def test_a_folder_may_be_named_like_a_split(tmp_path: Path) -> None:
    """What is after a # is a split only as a whole."""
    write_folders(tmp_path / "d#trained", {"0": colour(1, 8)})
    assert len(read_samples(f"folder:{tmp_path}/d#trained")) == 1
