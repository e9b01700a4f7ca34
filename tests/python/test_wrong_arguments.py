"""Arguments of other types than expected: refused at once, in words, and nothing is computed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import thinice_tui as ti
from tests.python.modules import EPS, TASK, dense, pruned

pytestmark = pytest.mark.filterwarnings("ignore::thinice_tui.errors.ThiniceWarning")
ATTACK: dict[str, Any] = {"attack": "pgd-1", "eps": EPS}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"eps": [0.03]}, "eps is [0.03], expected a number, or text as 8/255"),
        ({"eps": True}, "eps is True, expected a number"),
        ({"norm": 2}, "norm is '2', expected Linf, L2 or L1"),
        ({"norm": None}, "norm is 'None', expected Linf, L2 or L1"),
        ({"attack": 5}, "attack is 5, expected text"),
        ({"attack": None, "stages": ["apgd-ce"]}, "stages is ['apgd-ce'], expected text"),
        ({"seed": None}, "seed is None, expected a whole number"),
        ({"seed": "3"}, "seed is '3', expected a whole number"),
        ({"seed": True}, "seed is True, expected a whole number"),
        ({"seed": 1.5}, "seed is 1.5, expected a whole number"),
        ({"batch_size": "auto"}, "batch_size is 'auto', expected a whole number"),
        ({"precision": 16}, "precision is '16', expected fp32, tf32 or bf16"),
        ({"escalate": "no"}, "escalate is 'no', expected True or False"),
        ({"escalate": 1}, "escalate is 1, expected True or False"),
        ({"distances": 0}, "distances is 0, expected True or False"),
        ({"keep_images": False}, "keep_images is 'False', expected flips, all or none"),
        ({"class_names": "abcde"}, "class_names is 'abcde'"),
        ({"class_names": [1, 2, 3, 4, 5]}, "class_names is [1, 2, 3, 4, 5]"),
        ({"class_names": {0: "a"}}, "class_names is {0: 'a'}"),
        ({"progress": 3}, "progress is 3, expected a function"),
    ],
)
def test_an_argument_of_another_type_is_refused_before_the_file_is_made(
    options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    run = tmp_path / "a.thinice"
    with pytest.raises(ti.UsageError) as caught:
        ti.compare(dense(), {"p": pruned()}, TASK.images, TASK.labels, run=run, **{**ATTACK, **options})
    assert said in caught.value.what and "--" not in f"{caught.value.what} {caught.value.do}"
    assert not run.exists()


@pytest.mark.parametrize(
    "options",
    [
        {"eps": np.float32(4 / 255)},
        {"eps": np.int64(1), "norm": "L2"},
        {"seed": np.int64(3)},
        {"seed": torch.tensor(3)},
        {"batch_size": np.int32(7)},
        {"distances": np.bool_(False)},
        {"class_names": None},
    ],
)
def test_numbers_of_numpy_and_torch_are_numbers(options: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "a.thinice"
    found = ti.compare(dense(), {}, TASK.images[:6], TASK.labels[:6], run=run, **{**ATTACK, **options})
    assert found.complete and ti.load_run(run).settings == found.settings


@pytest.mark.parametrize("pruned_ones", [None, [dense()], dense()])
def test_pruned_modules_come_by_name(pruned_ones: Any) -> None:
    with pytest.raises(ti.UsageError, match="expected modules by name"):
        ti.compare(dense(), pruned_ones, TASK.images, TASK.labels, **ATTACK)


@pytest.mark.parametrize("name", ["", " ", "dense", "control", "a\tb", "a\nb", 3])
def test_names_that_no_model_can_have_are_refused(name: Any) -> None:
    with pytest.raises(ti.UsageError, match="a pruned model is named"):
        ti.compare(dense(), {name: pruned()}, TASK.images, TASK.labels, **ATTACK)


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (None, TASK.labels, "images: are of type NoneType"),
        ("images.npz", TASK.labels, "images: are of type str"),
        (Path("images.npz"), TASK.labels, "images: are of type PosixPath"),
        (torch.from_numpy(TASK.images).to_sparse(), TASK.labels, "images: are no array"),
        (torch.empty(4, 3, 8, 8, device="meta"), TASK.labels[:4], "images: are no array"),
        (TASK.images.transpose(0, 2, 3, 1), TASK.labels, "expected 1 or 3 channels, first"),
        (TASK.images, 3, "labels: are of type int"),
    ],
)
def test_what_are_no_images_or_labels_is_a_data_error(images: Any, labels: Any, said: str) -> None:
    with pytest.raises(ti.DataError) as caught:
        ti.attack(dense(), images, labels, **ATTACK)
    assert said in caught.value.what and caught.value.do


@pytest.mark.parametrize("indices", [5, {1, 2}, (number for number in range(48))])
def test_indices_are_one_a_sample(indices: Any) -> None:
    with pytest.raises(ti.DataError, match="indices"):
        ti.attack(dense(), TASK.images, TASK.labels, indices=indices, **ATTACK)


@pytest.mark.parametrize("count", [2, 6])
def test_every_class_is_named_or_none(count: int) -> None:
    with pytest.raises(ti.DataError, match=f"has {count} classes, but .* knows 5") as caught:
        ti.attack(dense(), TASK.images, TASK.labels, class_names=list("abcdef")[:count], **ATTACK)
    assert caught.value.do == "give every class, in order, in class_names"


def test_one_path_is_not_several() -> None:
    with pytest.raises(ti.UsageError, match="expected several, in a list"):
        ti.load_runs("standard.thinice")


@pytest.mark.parametrize("option", ["strength", "share", "softness"])
def test_weights_take_numbers(option: str) -> None:
    with pytest.raises(ti.UsageError, match=f"{option} is 'a', expected a number"):
        ti.thin_ice_weights("margins.npz", **{option: "a"})  # type: ignore[arg-type]
