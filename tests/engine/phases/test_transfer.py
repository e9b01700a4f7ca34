"""Other models' adversarial images on standing samples, in whole runs of linear models of two classes.

PGD takes a linear model's every image to the corner of the ball that its weights name, so that the adversarial image,
and what another linear model says of it, are known exactly. A model without gradients withstands PGD by itself.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.commands.calling import call
from tests.engine_runs import StopAfter, request, run_it
from tests.linear_models import FEATURES, SHAPE, Files, Task, as_uint8, save_weight
from tests.places import LINEAR_MODELS
from thinice_tui.analysis.diagnostics import TRANSFER_CHECK
from thinice_tui.engine.worker.tasks import Worker
from thinice_tui.engine.worker.transfer import TransferTask
from thinice_tui.protocol.model_options import ModelOptions
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.records import BatchOutcome, Finding, Run
from thinice_tui.runfile.writer import RunWriter

N, EPS = 60, 1 / 255
LINEAR, HIDDEN = (f"{LINEAR_MODELS}:{name}" for name in ("linear", "staircase"))
NAMES = ("dense", "pruned", "control")


@dataclass(frozen=True)
class Pair:
    """Three linear models of two classes, by name the weights v of logits (v·x, −v·x), and their files."""

    files: Files
    weights: dict[str, NDArray[np.float64]]

    @property
    def signs(self) -> NDArray[np.float64]:
        return np.where(self.files.task.labels == 0, 1.0, -1.0)

    def falls(self, model: str, other: str) -> NDArray[np.bool_]:
        """Where `model` misclassifies the image x − eps·y·sign(v) that PGD makes of `other`, whose weights are v."""
        x = self.files.task.images.reshape(N, -1).astype(np.float64)
        moved = x - EPS * self.signs[:, None] * np.sign(self.weights[other])
        margins = self.signs * (moved @ self.weights[model])
        assert np.abs(margins).min() > 2e-3, "no sample is so near that rounding decides"
        return np.asarray(margins < 0)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    random = np.random.default_rng(5)
    centred = [row - row.mean() for row in random.normal(size=(3, FEATURES))]
    dense, pruned = centred[0], centred[0] + 0.7 * centred[1]
    each = (dense, pruned, pruned + 0.7 * centred[2])
    weights = {name: one.astype(np.float32).astype(np.float64) for name, one in zip(NAMES, each, strict=True)}
    images = np.clip(np.round((0.5 + random.normal(0, 0.06, size=(4 * N, FEATURES))) * 255) / 255, 0.2, 0.8)
    clear = [np.abs(images @ weights[name])[:, None] for name in NAMES]
    reach = [EPS * (weights[name] @ np.sign(weights[other])) for name in NAMES for other in NAMES]
    near = np.abs(np.concatenate([one - reach for one in clear], axis=1)).min(axis=1)
    images = images[(near > 4e-3) & (np.concatenate(clear, axis=1).min(axis=1) > 4e-3)][:N].astype(np.float32)
    assert len(images) == N
    labels = (images @ weights["dense"] < 0).astype(np.int64)
    both = {name: np.stack([v, -v]).astype(np.float32) for name, v in weights.items()}
    task = Task(images.reshape(N, *SHAPE), labels, both["dense"])
    data = tmp_path / "data.npz"
    np.savez(data, images=as_uint8(task.images), labels=labels)
    saved = {name: save_weight(tmp_path / f"{name}.pt", weight) for name, weight in both.items()}
    return Pair(Files(**saved, data=data, task=task), weights)


def wanted(pair: Pair, path: Path, hidden: str = "pruned", keep: str = "flips", **changes: object) -> Request:
    settings = Settings.build("Linf", "1/255", "", batch_size="7", keep_images=keep, stages="pgd-3")
    arch = tuple(f"{name}={HIDDEN if name == hidden else LINEAR}" for name in NAMES)
    made = request(pair.files, path, settings=settings)
    return replace(made, model_options=ModelOptions(arch=arch), **changes)  # type: ignore[arg-type]


def transfer(run: Run) -> dict[str, Finding]:
    return {one.model: one for one in run.findings if one.check == TRANSFER_CHECK}


def masks(run: Run) -> tuple[dict[str, NDArray[np.bool_]], dict[str, NDArray[np.bool_]]]:
    """By model, the samples that stand and those that an attack broke."""
    correct = {model.record.name: model.clean_prediction == run.labels for model in run.models}
    broken = {model.record.name: model.broken_by >= 0 for model in run.models}
    return {name: correct[name] & ~broken[name] for name in correct}, broken


def test_exactly_the_images_that_transfer_are_found(pair: Pair, tmp_path: Path) -> None:
    observer = StopAfter()
    run = run_it(wanted(pair, tmp_path / "a.thinice"), observer)
    stands, broken = masks(run)
    expected = stands["pruned"] & (
        (broken["dense"] & pair.falls("pruned", "dense")) | (broken["control"] & pair.falls("pruned", "control"))
    )
    tried = stands["pruned"] & (broken["dense"] | broken["control"])
    found = transfer(run)["pruned"]
    assert found.samples == tuple(np.flatnonzero(expected)) and found.doubtful
    assert (found.value, found.n) == (expected.sum(), tried.sum()) and 3 < found.value < found.n
    only = {name: broken[name] & stands["pruned"] & pair.falls("pruned", name) for name in ("dense", "control")}
    assert (only["dense"] & ~only["control"]).any() and (only["control"] & ~only["dense"]).any()
    words = f"pruned: {TRANSFER_CHECK}, on {int(found.value)} of the {found.n} standing samples"
    assert any(words in warning for warning in observer.warnings) and any(words in one for one in run.info.warnings)


def test_a_model_that_was_attacked_well_withstands_the_images_of_others(pair: Pair, tmp_path: Path) -> None:
    """And a verdict stays what the attacks on the model itself say."""
    run = run_it(wanted(pair, tmp_path / "a.thinice", hidden="none"))
    stands, broken = masks(run)
    others = {name: np.logical_or.reduce([broken[other] for other in NAMES if other != name]) for name in NAMES}
    found = transfer(run)
    assert set(found) == set(NAMES)
    for name in NAMES:
        tried = int((stands[name] & others[name]).sum())
        assert (found[name].value, found[name].n, found[name].doubtful, found[name].samples) == (0, tried, False, ())
        assert tried > 0 and np.array_equal(broken[name], pair.falls(name, name) & (stands[name] | broken[name]))
    assert not any(TRANSFER_CHECK in warning for warning in run.info.warnings)


@pytest.mark.parametrize("keep", ["all", "none"])
def test_the_finding_is_the_same_whatever_images_are_kept(keep: str, pair: Pair, tmp_path: Path) -> None:
    usual = run_it(wanted(pair, tmp_path / "flips.thinice"))
    run = run_it(wanted(pair, tmp_path / "a.thinice", keep=keep))
    assert transfer(run) == transfer(usual) and transfer(run)
    with reading(tmp_path / "a.thinice") as connection:
        (kept,) = connection.execute("SELECT count(*) FROM adversarial").fetchone()
    broken = sum(int(mask.sum()) for mask in masks(run)[1].values())
    assert kept == (broken if keep == "all" else 0), "images that were only there for the check are gone"


@pytest.mark.parametrize(("batches", "keep"), [(0, "none"), (2, "flips")])
def test_an_interrupted_run_finds_the_same(
    batches: int, keep: str, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the check itself is interrupted, after some of its batches; a model that is checked is left alone."""
    whole = run_it(wanted(pair, tmp_path / "whole.thinice", keep=keep))
    computed = TransferTask.compute
    left = [batches]

    def counted(self: TransferTask, worker: Worker) -> BatchOutcome:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return computed(self, worker)

    again = wanted(pair, tmp_path / "cut.thinice", keep=keep)
    with pytest.raises(KeyboardInterrupt):
        run_it(again, StopAfter(20))
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(TransferTask, "compute", counted)
        run_it(again)
    run = run_it(again)
    assert transfer(run) == transfer(whole) and run.info.warnings == whole.info.warnings


def test_a_check_that_is_done_is_not_repeated(pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again = wanted(pair, tmp_path / "a.thinice")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(RunWriter, "finish", interrupted)
        run_it(again)
    monkeypatch.setattr(RunWriter, "adversarial", interrupted)
    assert transfer(run_it(again))["pruned"].value > 0


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_one_model_alone_has_no_such_check(pair: Pair, tmp_path: Path) -> None:
    assert not transfer(run_it(request(pair.files, tmp_path / "a.thinice", pruned=(), control=None)))


def test_the_report_names_the_samples_by_their_original_indices(pair: Pair) -> None:
    files = pair.files
    words = ["compare", files.dense, files.pruned, "--data", files.data, "--arch", LINEAR]
    words += ["--arch", f"pruned={HIDDEN}", "--stages", "pgd-3", "--eps", "1/255", "--run", "a.thinice", "--report"]
    found = json.loads(call(*words, "--shuffle", 3, "--format", "json").stdout)
    (pruned,) = [one for one in found["reliability"] if (one["model"], one["check"]) == ("pruned", TRANSFER_CHECK)]
    expected = pair.falls("pruned", "dense")
    assert pruned["samples"] and pruned["doubtful"] and all(expected[index] for index in pruned["samples"])
    standing = found["models"][1]["robust_accuracy"]
    text = " ".join(call("report", "a.thinice").stdout.split())
    assert "Reliability: DOUBTFUL" in text and f"pruned: {TRANSFER_CHECK}" in text
    assert f"{pruned['value']:g} of {pruned['n']} !" in text
    assert standing * N >= pruned["n"], "the verdicts stay"
