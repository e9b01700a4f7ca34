"""Through the real command: what is judged on the whole data set does not depend on which samples are selected."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from tests.linear_models import Files, as_uint8, save_weight
from tests.places import LINEAR_MODELS, SAMPLE_MODELS
from thinice_tui.commands.app import app
from thinice_tui.data.layout import evenly_spaced
from thinice_tui.data.stratified_sample import stratified_rows
from thinice_tui.engine import run
from thinice_tui.engine.preflight import checks as beginning

SAMPLE = SAMPLE_MODELS
REPORT = ("--attack", "pgd-1", "--report", "--format", "json")


def compare(*arguments: object, code: int = 0) -> dict[str, Any]:
    result = call("compare", *arguments, *REPORT)
    assert result.exit_code == code, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


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
def test_a_plain_state_dict_gets_its_own_normalisation_whatever_is_selected(
    bare: Path, tmp_path: Path, form: str
) -> None:
    """On the first 64, all of one class, another would win: SVHN's, and other verdicts."""
    spec = sorted_by_class(tmp_path, form)
    found = compare(bare, "--data", spec, "--samples", 64, "--run", "a.thinice")
    stated = compare(SAMPLE / "dense.pt", "--data", spec, "--samples", 64, "--run", "b.thinice")
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
    """The first class alone, which the model never gets right: the whole data says that nothing is wrong with it."""
    labels = np.arange(200) % 5
    prototypes = files.task.weight.copy()
    images = as_uint8((0.5 + 0.1 * prototypes[labels].reshape(-1, 3, 8, 8)).astype(np.float32))
    labels = np.where(labels == 0, 4, labels)
    np.savez(files.data, images=images, labels=labels)
    np.savetxt("first.txt", np.arange(0, 200, 5), fmt="%d")
    arguments = (files.dense, "--data", files.data, "--arch", f"{LINEAR_MODELS}:linear")
    found = compare(*arguments, "--indices", "first.txt")
    assert found["models"][0]["clean_accuracy"] == 0 and not any("near chance" in w for w in found["run"]["warnings"])
    np.savez(files.data, images=images, labels=np.roll(labels, 1))
    found = compare(*arguments, "--samples", "40")
    assert any("near chance" in warning for warning in found["run"]["warnings"])


def test_a_bad_image_that_is_not_selected_is_skipped(files: Files) -> None:
    count = 3000
    row = next(row for row in stratified_rows(count)[:64].tolist() if row > 100 and row not in evenly_spaced(count, 64))
    images = np.tile(files.task.images, (count // len(files.task.images) + 1, 1, 1, 1))[:count]
    images[row] = np.nan
    np.savez(files.data, images=images, labels=np.resize(files.task.labels, count))
    found = compare(*files.arguments[1:3], *files.arguments[3:-1], "--samples", 16)
    assert found["run"]["data"]["samples"] == 16


def test_the_same_weights_twice_are_said(files: Files) -> None:
    same = save_weight(files.control, files.task.weight)
    found = compare(*files.arguments[1:-1], "--control", same)
    assert "dense and control hold the same weights: the control then shows nothing" in str(found["run"]["warnings"])
    found = compare(files.dense, files.dense, *files.arguments[3:-1])
    assert "dense and dense#2 hold the same weights: they cannot differ" in str(found["run"]["warnings"])
    found = compare(*files.arguments[1:-1])
    assert "same weights" not in str(found["run"]["warnings"])


def test_a_fraction_without_scores_is_said(files: Files) -> None:
    found = compare(*files.arguments[1:-1], "--keep", "0.1")
    assert "--keep 0.1 has no effect: no file holds scores for it" in found["run"]["warnings"]
    inspected = call("inspect", files.pruned, *files.arguments[5:-1], "--keep", "0.1")
    assert inspected.exit_code == 0 and "no effect" in " ".join(inspected.stdout.split()), inspected.stderr


@pytest.mark.parametrize("where", ["check_behaviour", "check_gradients", "LocalExecutor"])
def test_models_are_checked_on_images_of_every_class(files: Files, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Of data sorted by class, whose first samples, all of one class, are attacked."""
    seen: list[set[int]] = []
    place = run if where == "LocalExecutor" else beginning
    original: Any = getattr(place, where)

    def watched(*arguments: Any) -> Any:
        images = arguments[1].floats() if where != "LocalExecutor" else arguments[4]
        seen.append(set((images[:, 0, 0, 0] * 255).round().astype(int).tolist()))
        return original(*arguments)

    monkeypatch.setattr(place, where, watched)
    labels = np.repeat(np.arange(5), 40)
    images = as_uint8((0.5 + 0.1 * files.task.weight[labels].reshape(-1, 3, 8, 8)).astype(np.float32))
    images[:, 0, 0, 0] = labels  # so that an image says its class
    np.savez(files.data, images=images, labels=labels)
    compare(*files.arguments[1:-1], "--samples", "8")
    assert seen and all(found == {0, 1, 2, 3, 4} for found in seen)
