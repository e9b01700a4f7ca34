"""The identity of a run, and the path that follows from it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.linear_models import ARCH, Files
from thinice_tui.data.samples import Samples
from thinice_tui.data.spec import read_samples
from thinice_tui.engine.plan import default_path, identify, resumption_warnings
from thinice_tui.engine.run_model import RunModel
from thinice_tui.models.load import load_model
from thinice_tui.protocol.settings import Settings

SETTINGS = Settings.build("Linf", "4/255", "quick")


@pytest.fixture
def dense(files: Files) -> RunModel:
    return RunModel("dense", "dense", load_model(files.dense, ARCH))


@pytest.fixture
def samples(files: Files) -> Samples:
    return read_samples(str(files.data))


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
        "norm", "eps", "attack", "seed", "precision", "distances", "data", "models",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("began", "now", "told"),
    [
        ("cuda:0 (NVIDIA H200)", "cuda:1 (NVIDIA H200)", False),
        ("cuda:3 (NVIDIA H200)", "a worker on cuda:0 (NVIDIA H200), a worker on cuda:1 (NVIDIA H200)", False),
        ("2 workers, each on cpu (1 thread)", "cpu (8 threads)", False),
        ("cuda:0 (NVIDIA H200)", "cuda:0 (NVIDIA L4)", True),
        ("cuda:0 (NVIDIA H200)", "cpu (2 threads)", True),
    ],
)
def test_only_another_kind_of_device_is_told_when_a_run_goes_on(began: str, now: str, told: bool) -> None:
    stored: Any = SimpleNamespace(value={"device": began}.get)
    assert resumption_warnings(stored, SETTINGS, now) == ([f"begun on {began}, resumed on {now}"] if told else [])
