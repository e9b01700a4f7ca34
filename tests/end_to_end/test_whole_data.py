"""Checks judge the whole data set: their outcome does not depend on the samples that are selected."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.commands.calling import call, compare_json
from tests.linear_models import Files, as_uint8
from tests.places import LINEAR_MODELS, SAMPLE_MODELS
from thinice_tui.data.layout import evenly_spaced
from thinice_tui.data.stratified_sample import stratified_rows
from thinice_tui.engine.preflight import racing

SAMPLE = SAMPLE_MODELS


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The dense sample model as a plain state dict."""
    torch.save(torch.load(SAMPLE / "dense.pt", weights_only=True)["state_dict"], tmp_path / "bare.pt")
    return tmp_path / "bare.pt"


def sorted_by_class(folder: Path, form: str) -> str:
    """The sample images, sorted by class, as the spec of an .npz or of a folder."""
    with np.load(SAMPLE / "cifar10-test-1000.npz") as data:
        images, labels, names = data["images"], data["labels"], data["class_names"]
    rows = np.argsort(labels, kind="stable")
    if form == "npz":
        np.savez(folder / "sorted.npz", images=images[rows], labels=labels[rows], class_names=names)
        return str(folder / "sorted.npz")
    for row in rows:
        below = folder / "pictures" / str(names[labels[row]])
        below.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[row]).save(below / f"{row:04}.png")
    return f"folder:{folder / 'pictures'}"


@pytest.mark.parametrize("form", ["npz", "folder"])
def test_the_choice_of_a_normalisation_does_not_depend_on_the_selection(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """On the first 64 images, all of one class, SVHN's normalisation would win."""
    monkeypatch.setattr(racing, "SECONDS", 3600.0)  # also a busy machine sees all images
    spec = sorted_by_class(tmp_path, form)
    found = compare_json(bare, "--data", spec, "--samples", 64, "--run", "a.thinice")
    stated = compare_json(SAMPLE / "dense.pt", "--data", spec, "--samples", 64, "--run", "b.thinice")
    normalization = found["run"]["normalization"]["bare"]
    assert (normalization["chosen"], normalization["images"]) == ("cifar10", 1000)
    assert {key: found["models"][0][key] for key in ("clean_accuracy", "robust_accuracy")} == {
        key: stated["models"][0][key] for key in ("clean_accuracy", "robust_accuracy")
    }
    (warning,) = [warning for warning in found["run"]["warnings"] if "cannot be told apart" in warning]
    assert "cifar10 is taken" in warning and not any("told apart" in one for one in stated["run"]["warnings"])
    text = " ".join(call("report", "a.thinice").stdout.split())
    assert warning in text and "none 1" in text and "on the first 64" in text


def test_checks_do_not_depend_on_the_selection(files: Files) -> None:
    """Only the first class is selected, which the model always gets wrong; on the whole data it is accurate."""
    labels = np.arange(200) % 5
    prototypes = files.task.weight.copy()
    images = as_uint8((0.5 + 0.1 * prototypes[labels].reshape(-1, 3, 8, 8)).astype(np.float32))
    labels = np.where(labels == 0, 4, labels)
    np.savez(files.data, images=images, labels=labels)
    np.savetxt("first.txt", np.arange(0, 200, 5), fmt="%d")
    arguments = (files.dense, "--data", files.data, "--arch", f"{LINEAR_MODELS}:linear")
    found = compare_json(*arguments, "--indices", "first.txt")
    assert found["models"][0]["clean_accuracy"] == 0 and not any("near chance" in w for w in found["run"]["warnings"])
    np.savez(files.data, images=images, labels=np.roll(labels, 1))
    found = compare_json(*arguments, "--samples", "40")
    assert any("near chance" in warning for warning in found["run"]["warnings"])


def test_a_bad_image_that_is_not_selected_is_skipped(files: Files) -> None:
    count = 3000
    row = next(row for row in stratified_rows(count)[:64].tolist() if row > 100 and row not in evenly_spaced(count, 64))
    images = np.tile(files.task.images, (count // len(files.task.images) + 1, 1, 1, 1))[:count]
    images[row] = np.nan
    np.savez(files.data, images=images, labels=np.resize(files.task.labels, count))
    found = compare_json(*files.arguments[1:3], *files.arguments[3:-1], "--samples", 16)
    assert found["run"]["data"]["samples"] == 16
