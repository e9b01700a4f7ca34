"""Models on their way to a worker: the same function arrives, or it is refused."""

import pickle
from pathlib import Path

import pytest
import torch

from tests.engine_runs import request
from tests.linear_models import ARCH, Files
from tests.places import SAMPLE_MODELS
from thinice_tui.engine.cluster.parcels import SentModel, StoredModel, opened, parcel_of
from thinice_tui.engine.compare import prepare
from thinice_tui.engine.run_model import RunModel
from thinice_tui.errors import CheckpointError, UsageError
from thinice_tui.models.in_memory import from_memory
from thinice_tui.models.load import load_model


def test_a_known_architecture_is_sent_as_it_is() -> None:
    model = RunModel("dense", "dense", load_model(SAMPLE_MODELS / "dense.pt"))
    parcel = parcel_of(model)
    assert isinstance(parcel, SentModel)
    (arrived,) = opened(pickle.loads(pickle.dumps([parcel])))
    images = torch.rand(4, 3, 32, 32)
    assert torch.equal(arrived(images), model.loaded.classifier()(images))


def test_code_of_the_user_is_loaded_from_its_file(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the worker begins in another folder."""
    code = tmp_path / "code.py"
    code.write_text(Path(ARCH.partition(".py:")[0] + ".py").read_text())
    models = prepare(
        request(files, tmp_path / "a.thinice", arch="code.py:linear", normalize="0.5,0.5,0.5/1,1,1")
    ).models
    parcels = [parcel_of(model) for model in models]
    assert all(isinstance(parcel, StoredModel) for parcel in parcels)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    images = torch.rand(4, 3, 8, 8)
    for arrived, model in zip(opened(pickle.loads(pickle.dumps(parcels))), models, strict=True):
        assert torch.equal(arrived(images), model.loaded.classifier()(images))


def test_another_file_on_the_worker_is_refused(files: Files, tmp_path: Path) -> None:
    parcels = [parcel_of(model) for model in prepare(request(files, tmp_path / "a.thinice")).models]
    files.pruned.write_bytes(files.control.read_bytes())
    with pytest.raises(CheckpointError, match="is another model there than here") as caught:
        opened(parcels)
    assert "disk that all machines share" in caught.value.do
    files.pruned.unlink()
    with pytest.raises(CheckpointError, match=r"pruned\.pt"):
        opened(parcels)


def test_a_module_in_memory_of_the_users_code_is_refused() -> None:
    class Own(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1)[:, :2]

    with pytest.raises(UsageError, match="a module in memory"):
        parcel_of(RunModel("dense", "dense", from_memory(Own(), "dense")))
