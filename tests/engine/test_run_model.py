"""The identity of a model in a run, and its record."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.linear_models import ARCH, Files, pruned_weight, save_weight
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


def test_the_record_says_what_the_run_file_shows(dense: RunModel, files: Files) -> None:
    record = dense.record()
    assert (record.role, record.name, record.path) == ("dense", "dense", str(files.dense))
    assert record.normalization == "none" and record.sparsity_conv_linear == 0
    half = replace(dense, loaded=replace(dense.loaded, normalization=KNOWN["half"]))
    assert half.record().normalization == "half: [0.5] / [0.5]"
