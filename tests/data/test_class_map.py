"""Class maps in every form, and invalid files."""

import json
from pathlib import Path

import pytest

from tests.data.data_files import IMAGES, three_classes, write_folders
from thinice_tui.data.spec import read_samples
from thinice_tui.errors import DataError
from thinice_tui.protocol.data_options import DataOptions


@pytest.mark.parametrize(
    "written",
    [
        '{"Cat": 5, "dog": 0, "eel": 2, "absent": 3}',
        '{"5": "Cat", "0": "dog", "2": "eel"}',
        '["dog", "x", "eel", "y", "z", "Cat"]',
        "Cat,5\ndog,0\neel,2\n",
        '\ufefffolder,label\n"Cat",5\ndog, 0\neel,2\n',
    ],
)
def test_a_class_map_gives_the_label_numbers(tmp_path: Path, written: str) -> None:
    three_classes(tmp_path / "d")
    (tmp_path / "map").write_text(written)
    samples = read_samples(f"folder:{tmp_path}/d", DataOptions(class_map=tmp_path / "map"))
    assert samples.labels.tolist() == [5, 5, 5, 0, 0, 2]
    assert (samples.class_names[0], samples.class_names[2], samples.class_names[5]) == ("dog", "eel", "Cat")
    assert samples.source.endswith(f"labels from {tmp_path}/map")


def test_imagenets_own_map_gives_readable_names(tmp_path: Path) -> None:
    write_folders(tmp_path / "d", {"n01440764": IMAGES[:1], "n01443537": IMAGES[1:2]})
    (tmp_path / "map.json").write_text(json.dumps({"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}))
    samples = read_samples(f"folder:{tmp_path}/d", DataOptions(class_map=tmp_path / "map.json"))
    assert samples.class_names == ("tench", "goldfish") and samples.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ('{"Cat": 0, "dog": 1}', "has no label for the folder 'eel'"),
        ('{"Cat": -1}', "label -1"),
        ('{"Cat": 1.5}', "entry of 'Cat' is a float"),
        ('{"Cat": 99999999}', "has 1 classes and the label 99999999"),
        ("Cat,0\nCat,1\n", "two labels, 0 and 1"),
        ("Cat;0\ndog;1\n", "is no class map"),
        ("{", "is no class map"),
        ("[]", "is an empty class map"),
        ("[" * 100_000, "is no class map"),
        ("<html>", "is a web page"),
    ],
)
def test_an_invalid_class_map_is_refused(tmp_path: Path, written: str, message: str) -> None:
    three_classes(tmp_path / "d")
    (tmp_path / "map").write_text(written)
    with pytest.raises(DataError, match=message):
        read_samples(f"folder:{tmp_path}/d", DataOptions(class_map=tmp_path / "map"))
