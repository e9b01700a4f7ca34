"""Model options through the command line: --keep, mask files, --trust-pickle, --normalize, and inspect."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import Result

from tests.commands.calling import call
from tests.models.reference_networks import REFERENCES, Maker, State, wide
from tests.places import SAMPLE_MODELS
from thinice_tui.runfile.reader import read_run

SAMPLE = SAMPLE_MODELS
STATED = {"arch": "cifar_resnet18", "normalization": "none"}
"""Accuracy cannot choose for random weights."""


def said(result: Result) -> str:
    return " ".join(result.stderr.split())


def scored(state: State) -> State:
    """`state` as HYDRA saves it: with random scores for each weight."""
    draw = Maker(9).draw
    weights = [key for key, value in state.items() if key.endswith("weight") and value.ndim > 1]
    return {**state, **{key.replace("weight", "popup_scores"): draw(*state[key].shape) for key in weights}}


@pytest.fixture
def hydra() -> None:
    """Write dense.pt and pruned.pt, both with scores, and data.npz."""
    state = REFERENCES["cifar_resnet18"].make(4, 3)
    for name in ("dense", "pruned"):
        torch.save({"state_dict": scored(state), **STATED}, f"{name}.pt")
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    np.savez("data.npz", images=images, labels=np.arange(8) % 4)


COMPARE = (
    "compare",
    "dense.pt",
    "pruned.pt",
    "--data",
    "data.npz",
    "--attack",
    "pgd-1",
    "--report",
    "--format",
    "json",
)


@pytest.mark.usefixtures("hydra")
def test_keep_is_required_for_scores_and_part_of_the_runs_identity() -> None:
    result = call(*COMPARE)
    assert result.exit_code == 1 and "dense.pt: holds scores" in said(result) and "--keep" in said(result)
    result = call(*COMPARE, "--keep", "0.1")
    assert result.exit_code == 1 and "--keep dense=1 is for" in said(result), "a number alone is for pruned models"
    result = call(*COMPARE, "--keep", "dense=1", "--keep", "0.1", "--run", "a.thinice")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert [round(m["sparsity"]["conv_linear"], 2) for m in found["models"]] == [0.0, 0.9]
    assert found["run"]["kinship"]["pruned"]["identical"] == 1.0
    assert found["run"]["normalization"]["dense"] == {"source": "the file's metadata"}
    other = call(*COMPARE, "--keep", "dense=1", "--keep", "pruned=0.2", "--run", "a.thinice")
    assert other.exit_code == 1 and "best 0.1 of its scores" in said(other) and "holds another run" in said(other)
    assert call(*COMPARE, "--keep", "1,0.1").exit_code == 2
    assert call(*COMPARE, "--keep", "ten").exit_code == 2


@pytest.mark.usefixtures("hydra")
def test_unrelated_weights_give_a_warning_and_another_task_is_refused() -> None:
    draw = Maker(77).draw
    state = {k: draw(*v.shape) if k.endswith("weight") and v.ndim > 1 else v
             for k, v in REFERENCES["cifar_resnet18"].make(4, 3).items()}  # fmt: skip
    torch.save({"state_dict": state, **STATED}, "pruned.pt")
    result = call(*COMPARE, "--keep", "dense=1", "--keep", "1")
    assert result.exit_code == 0, result.stderr
    assert any("are not related to those" in w for w in json.loads(result.stdout)["run"]["warnings"])
    torch.save({"state_dict": REFERENCES["cifar_resnet18"].make(5, 3), **STATED}, "pruned.pt")
    result = call(*COMPARE, "--keep", "dense=1", "--keep", "1")
    assert result.exit_code == 1 and "knows 5 classes" in said(result)


def test_an_undecided_normalisation_is_chosen_shown_and_stored() -> None:
    for name in ("dense", "pruned"):
        stored = torch.load(SAMPLE / f"{name}.pt", weights_only=True)
        torch.save({"state_dict": stored["state_dict"], "arch": "preact_resnet8"}, f"{name}.pt")
    shutil.copy(SAMPLE / "cifar10-test-1000.npz", "data.npz")
    arguments = [a for a in COMPARE if a not in ("--format", "json")]
    result = call(*arguments, "--samples", "200", "--run", "a.thinice")
    assert result.exit_code == 0, result.stderr
    assert "by clean accuracy on up to 1000 images" in said(result) and "none" in said(result)
    text = " ".join(result.stdout.split())
    assert "dense: normalisation" in text and "pruned: normalisation" in text and "by clean accuracy (" in text
    kept = read_run(Path("a.thinice")).info.normalization
    assert kept is not None
    assert kept["pruned"]["chosen"] == kept["dense"]["chosen"] != "none"
    assert set(kept["dense"]["accuracies"]) >= {"none", "cifar10", "imagenet"}
    assert json.loads(call("report", "a.thinice", "--format", "json").stdout)["run"]["normalization"] == kept


def test_a_whole_module_needs_trust_in_compare_too(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 36, 4)).eval()
    for name in ("dense", "pruned"):
        torch.save(network, tmp_path / f"{name}.pt")
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 3), dtype=np.uint8)
    np.savez("data.npz", images=images, labels=np.arange(8) % 4)
    result = call(*COMPARE)
    assert result.exit_code == 1 and "--trust-pickle" in said(result)
    result = call(*COMPARE, "--trust-pickle")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["models"][0]["arch"] == "Sequential (torch, its own code)"


@pytest.mark.filterwarnings("ignore")
def test_exported_programs_are_compared(tmp_path: Path) -> None:
    """Programs of one batch size pass through all steps of a run."""
    network = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(5 * 36, 4)).eval()
    for name in ("dense", "pruned"):
        program = torch.export.export(network, (torch.rand(2, 3, 8, 8),))
        torch.export.save(program, tmp_path / f"{name}.pt")
    images = np.random.default_rng(0).integers(0, 256, (9, 8, 8, 3), dtype=np.uint8)
    np.savez("data.npz", images=images, labels=np.arange(9) % 4)
    result = call(*COMPARE, "--trust-pickle", "--normalize", "none")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["run"]["complete"] and "torch.export, its own code" in found["models"][0]["arch"]


def test_inspect_fits_80_columns_and_compares_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    state = wide("wide_resnet_28_2", 28, 2).make(10, 3)
    torch.save({"state_dict": {f"module.{k}": v for k, v in scored(state).items()}, "epoch": 9}, "a.pth.tar")
    torch.save({"net": state}, "dense.pt")
    result = call("inspect", "dense.pt", "a.pth.tar", "--keep", "0.1")
    assert result.exit_code == 0, result.stderr
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    text = " ".join(result.stdout.split())
    for words in (
        "weights under state_dict",
        "29 weights × the best 0.1 of their scores (HYDRA)",
        "prefix module. dropped",
        "wide_resnet_28_2",
        "undecided: the file does not say",
        "block3.layer.3.conv2",
        "█████████ ",
        "a pruned version of it? nothing speaks against it",
        "100 % unchanged",
        "of Conv and Linear weights",
    ):
        assert words in text, words
    found = json.loads(call("inspect", "dense.pt", "a.pth.tar", "--keep", "0.1", "--format", "json").stdout)
    assert found[1]["comparison"]["kinship"]["identical"] == 1.0
    assert found[1]["form"] == "torch" and found[1]["classes"] == 10 and "comparison" not in found[0]
    torch.save(REFERENCES["cifar_resnet18"].make(7, 3), "other.pt")
    result = call("inspect", "dense.pt", "other.pt")
    assert result.exit_code == 1 and "knows 7 classes" in said(result)


def test_inspect_of_one_file_takes_one_fraction_and_a_mask_file() -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    torch.save(scored(state), "a.pt")
    assert "90." in call("inspect", "a.pt", "--keep", "0.1").stdout
    torch.save(state, "b.pt")
    np.savez("m.npz", **{"conv1.weight": np.zeros((8, 3, 3, 3))})  # type: ignore[arg-type]
    assert "1 weights × their masks in m.npz" in " ".join(call("inspect", "b.pt+m.npz").stdout.split())
