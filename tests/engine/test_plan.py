"""The identity of a run, and the path that follows from it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.linear_models import ARCH, Files, pruned_weight, save_weight
from thinice_tui.data.samples import Samples
from thinice_tui.data.spec import read_samples
from thinice_tui.engine.plan import RunModel, default_path, identify
from thinice_tui.models.classifier import Normalization
from thinice_tui.models.load import load_model
from thinice_tui.models.normalization import KNOWN
from thinice_tui.protocol.settings import Settings

SETTINGS = Settings.build("Linf", "4/255", "quick")


@pytest.fixture
def dense(files: Files) -> RunModel:
    return RunModel("dense", "dense", load_model(files.dense, ARCH))


@pytest.fixture
def samples(files: Files) -> Samples:
    return read_samples(str(files.data))


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


def test_the_default_path_follows_from_models_data_and_settings(dense: RunModel, samples: Samples) -> None:
    models = [dense, replace(dense, name="folder/pruned", role="pruned")]
    path = default_path(models, samples, SETTINGS)
    assert path.parent == Path("runs") and path.name.startswith("dense-folder_pruned-") and path.suffix == ".thinice"
    assert path == default_path(models, samples, Settings.build("Linf", "4/255", "QUICK"))
    others = [
        default_path(models[:1], samples, SETTINGS),
        default_path(models, samples.first(8), SETTINGS),
        default_path(models, samples, Settings.build("L2", "4/255", "quick")),
        default_path(models, samples, Settings.build("Linf", "4/255", "quick", 1)),
    ]
    assert len({path, *others}) == 5


def test_the_identity_names_all_that_decides_verdicts(dense: RunModel, samples: Samples) -> None:
    assert set(identify([dense], samples, SETTINGS)) == {
        "norm", "eps", "attack", "seed", "precision", "distances", "batch size", "data", "models",
    }  # fmt: skip
