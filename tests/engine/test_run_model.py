"""The identity of a model in a run, and its record."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.linear_models import ARCH, Files, module, pruned_weight, save_weight
from thinice_tui.engine.run_model import RunModel
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.load import load_model
from thinice_tui.models.normalization import KNOWN


@pytest.fixture
def dense(files: Files) -> RunModel:
    return RunModel("dense", "dense", load_model(files.dense, ARCH))


def test_a_models_identity_is_its_outputs_not_its_file_name(dense: RunModel, files: Files, tmp_path: Path) -> None:
    shutil.copy(files.dense, tmp_path / "copy.pt")
    assert RunModel("dense", "copy", load_model(tmp_path / "copy.pt", ARCH)).identity() == dense.identity()
    other = save_weight(tmp_path / "other.pt", pruned_weight(files.task.weight, 0.5))
    assert RunModel("dense", "dense", load_model(other, ARCH)).identity() != dense.identity()
    assert replace(dense, role="pruned").identity() != dense.identity()


def test_a_normalisation_is_identified_by_its_constants(dense: RunModel) -> None:
    def identity(normalization: Normalization | None) -> str:
        return replace(dense, loaded=replace(dense.loaded, normalization=normalization)).identity().normalization

    half = KNOWN["half"]
    assert identity(half) == identity(Normalization("mine", half.mean, half.std))
    assert identity(Normalization("mine", (0.4,), (0.5,))) == identity(Normalization("yours", (0.4,), (0.5,)))
    assert len({identity(None), identity(half), identity(Normalization("mine", (0.4,), (0.5,)))}) == 3


def test_a_fraction_of_scores_is_identified_by_its_very_value(dense: RunModel) -> None:
    def identity(keep: float) -> str:
        checkpoint = replace(dense.loaded.checkpoint, keep=keep)
        return replace(dense, loaded=replace(dense.loaded, checkpoint=checkpoint)).identity().keep

    assert [identity(keep) for keep in (1.0, 0.1, 0.05, 1e-5)] == ["1", "0.1", "0.05", "1e-05"]
    assert identity(0.05) != identity(0.05000001)


def test_the_record_says_what_the_run_file_shows(dense: RunModel, files: Files) -> None:
    record = dense.record()
    assert (record.role, record.name, record.path) == ("dense", "dense", str(files.dense))
    assert record.normalization == "none" and record.sparsity_conv_linear == 0
    half = replace(dense, loaded=replace(dense.loaded, normalization=KNOWN["half"]))
    assert half.record().normalization == "half: [0.5] / [0.5]"


def test_key_literals_and_code_that_ran_are_part_of_the_identity(dense: RunModel, files: Files, tmp_path: Path) -> None:
    def text(path: Path, arch: str, trust: bool = False, key: str = "") -> str:
        return RunModel("dense", "dense", load_model(path, arch, "none", None, trust, key)).identity().text()

    plain = text(files.dense, ARCH)
    assert plain == dense.identity().text() == text(files.dense, ARCH, trust=True), "no code ran"
    assert "under 'state_dict'" in text(files.dense, ARCH, key="state_dict")
    assert " as linear(num_classes=5) (code " in text(files.dense, f"{ARCH}(num_classes=5)")
    torch.save(module(files.task.weight), tmp_path / "whole.pt")
    assert ", by its own code, normalisation none" in text(tmp_path / "whole.pt", "auto", trust=True)
