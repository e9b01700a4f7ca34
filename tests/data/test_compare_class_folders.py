"""Labels of class folders through the compare command, on real files: determined with a note, or refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.data.compare_command import compare, refuse
from tests.data.data_files import write_folders, write_mnist
from tests.linear_models import Files, as_uint8, make_task, write_files

WNIDS = ("n01440764", "n01443537", "n01484850", "n01491361")
TASK = make_task()


def folders(*names: str, each: int = 2) -> str:
    """Write images of the linear task in folders of these names, of class 0, 1, … in turn; returns the spec."""
    images = as_uint8(TASK.images)
    write_folders(Path("d"), {name: images[TASK.labels == at % 5][:each] for at, name in enumerate(names)})
    return "folder:d"


def test_folders_are_numbered_by_name_where_the_model_has_as_many_outputs(files: Files) -> None:
    done = compare(files, folders("bat", "Ant", "cow", "dog", "eel"))
    said = "folders are numbered by the order of their names: Ant → 0, bat → 1, cow → 2, dog → 3, eel → 4"
    assert done.notes == [said] and done.labels == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert said in done.said, "before the run, on screen"
    assert said in compare(files, "folder:d", "--format", "text").text.replace("\n", " "), "and in the report"


def test_fewer_or_more_folders_than_outputs_are_refused(files: Files) -> None:
    for names in (("cat", "dog"), ("a", "b", "c", "d", "e", "f")):
        message = refuse(files, folders(*names))
        assert (
            f"has {len(names)} classes, but" in message
            and "knows 5 classes (0 to 4)" in message
            and "--class-map" in message
        )
        shutil.rmtree("d")
    assert "has 2 classes" in refuse(files, folders("a", "b"), "--classes", "a"), "whatever is selected"


def test_class_names_in_the_model_file_number_the_folders(files: Files) -> None:
    content = torch.load(files.dense, weights_only=True)
    torch.save(content | {"class_names": ["dog", "x", "cat", "y", "n01440764"]}, files.dense)
    done = compare(files, folders("cat", "dog", "n01440764"))
    assert done.labels == [2, 2, 0, 0, 4, 4]
    assert done.notes == ["folders are numbered by their place in class_names: dog → 0, cat → 2, n01440764 → 4"]


def test_folders_with_other_names_than_the_models_classes_are_refused(files: Files) -> None:
    """As `car` for a model that calls it automobile: the same number of names, in another order."""
    content = torch.load(files.dense, weights_only=True)
    torch.save(content | {"class_names": ["airplane", "automobile", "bird", "cat", "deer"]}, files.dense)
    message = refuse(files, folders("airplane", "bird", "car", "cat", "deer"))
    assert "has classes (car) that are not among class_names (airplane, automobile, bird, cat, deer)" in message
    assert "--class-map" in message


def test_a_few_wordnet_ids_are_refused(files: Files, tmp_path: Path) -> None:
    """Four of ImageNet's classes are not outputs 0 to 3 of a model that knows 1000."""
    (tmp_path / "large").mkdir()
    large = write_files(tmp_path / "large", n=20, classes=1000)
    for models in (files, large):
        message = refuse(models, folders(*WNIDS))
        assert "has 4 WordNet ids as classes (n01440764, n01443537, n01484850, n01491361)" in message
        assert "--class-map" in message and '{"0": ["n01440764", "tench"], …}' in message
    Path("map.json").write_text(json.dumps({str(7 * at): [name, f"fish {at}"] for at, name in enumerate(WNIDS)}))
    done = compare(large, "folder:d", "--class-map", "map.json")
    assert done.labels == [0, 0, 7, 7, 14, 14, 21, 21]
    assert done.notes == [
        "folders are numbered by map.json: n01440764 → 0, n01443537 → 7, n01484850 → 14, n01491361 → 21"
    ]


def test_all_thousand_wordnet_ids_are_numbered_by_their_order(tmp_path: Path) -> None:
    large = write_files(tmp_path, n=20, classes=1000)
    done = compare(large, folders(*(f"n{at:08}" for at in range(1000)), each=1), "--samples", "3", "--shuffle", "0")
    assert done.labels == done.indices
    (note,) = done.notes
    assert note.startswith("folders are numbered by the order of their names: n00000000 → 0, n00000001 → 1, ")
    assert note.endswith(", …, n00000999 → 999 (1000 in all)")


def test_folders_named_by_numbers_have_these_labels(tmp_path: Path) -> None:
    twelve = write_files(tmp_path, n=24, classes=12)
    done = compare(twelve, folders(*(str(number) for number in range(12)), each=1))
    assert done.labels == [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9], "in torchvision's order of images"
    assert done.notes[0].endswith("4 → 4, 5 → 5, …, 11 → 11 (12 in all)")
    assert "torchvision's ImageFolder would number these folders from 0, by their order as text" in done.notes[1]


def test_padded_numbers_give_one_note(files: Files) -> None:
    done = compare(files, folders("00", "01", "02", "03"))
    assert done.labels == [0, 0, 1, 1, 2, 2, 3, 3] and len(done.notes) == 1


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("1", "2", "3", "4", "5"), "has labels up to 5 and no 0, but"),
        (("0", "1", "7"), "has the label 7, but"),
        (("1", "01"), "several classes of one number"),
        (("20240101", "20240102"), "named by numbers up to 20240102, which are no labels"),
        (("10000000000", "2"), "named by numbers of ten digits and more"),
    ],
)
def test_numbers_that_are_no_labels_are_refused(files: Files, names: tuple[str, ...], message: str) -> None:
    refused = refuse(files, folders(*names))
    assert message in refused
    assert "subtract 1" in refused if names[-1] == "5" else "--class-map" in refused or "rename" in refused


def test_folders_of_systems_and_programs_are_no_classes(files: Files) -> None:
    spec = folders("a", "b", "c", "d", "e")
    for left in ("__MACOSX", "__pycache__", ".ipynb_checkpoints", "@eaDir"):
        (Path("d") / left).mkdir()
    folders("@eaDir/cache", "c/@eaDir", "__MACOSX/c")
    done = compare(files, spec)
    assert done.labels == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert done.notes[1] == "left out, being no classes: .ipynb_checkpoints, @eaDir, __MACOSX, __pycache__"


def test_an_empty_class_is_refused(files: Files) -> None:
    spec = folders("a", "c", "d", "e", "f")
    (Path("d") / "b").mkdir()
    (Path("d") / "b" / "notes.txt").write_text("no image")
    message = refuse(files, spec)
    assert "found no image for the classes b" in message and "remove these folders" in message


@pytest.mark.parametrize("names", [("train", "test"), ("Train", "VAL"), ("val",)])
def test_folders_of_splits_are_refused(files: Files, names: tuple[str, ...]) -> None:
    spec = folders(*(f"{name}/{label}" for name in names for label in "abcde"))
    message = refuse(files, spec)
    assert "its folders are splits of a data set" in message
    better = f"folder:d/{names[-1]}"
    assert better in message
    assert len(compare(files, better).labels) == 10


@pytest.mark.parametrize("place", ["", "raw", "MNIST/raw"])
def test_idx_files_give_a_hint_to_mnist(files: Files, place: str) -> None:
    write_mnist(Path("m") / place, np.zeros((3, 28, 28), dtype=np.uint8), np.zeros(3, dtype=np.uint8))
    for spec in ("m", "folder:m", f"m/{place}/t10k-images-idx3-ubyte"):
        message = refuse(files, spec)
        assert "it has idx files, as MNIST does: write mnist:m" in message
    assert ("fashion-mnist:m" in refuse(files, "m")) == (place != "MNIST/raw")


@pytest.mark.parametrize(
    ("file", "better"),
    [
        ("cifar-10-batches-py/test_batch", "cifar10:m"),
        ("test_batch", "cifar10:m"),
        ("cifar-100-python/test", "cifar100:m"),
        ("test_32x32.mat", "svhn:m"),
        ("FashionMNIST/raw/train-images-idx3-ubyte.gz", "fashion-mnist:m#train"),
    ],
)
def test_published_sets_give_a_hint_to_their_spec(files: Files, file: str, better: str) -> None:
    path = Path("m") / file
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\x80\x02")
    for spec in ("m", "folder:m"):
        assert f"write {better}" in refuse(files, spec)
