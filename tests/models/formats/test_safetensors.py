"""Checkpoints in the safetensors format."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import check
from tests.models.reference_networks import REFERENCES
from tests.refused_files import refused
from tests.safetensors_files import safetensors_bytes
from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.safetensors import safetensors_content
from thinice_tui.models.load import load_model

NAME = "cifar_resnet18"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_safetensors(dtype: torch.dtype, tmp_path: Path) -> None:
    state = REFERENCES[NAME].make(10, 3)
    stored = {key: value.to(dtype) if value.is_floating_point() else value for key, value in state.items()}
    wrapped = {f"module.{key}": value for key, value in stored.items()}
    content = safetensors_bytes(wrapped, {"normalization": "svhn"})
    (tmp_path / "a.safetensors").write_bytes(content)
    model = load_model(tmp_path / "a.safetensors")
    assert model.checkpoint.form == "safetensors" and model.arch.startswith(NAME)
    assert model.normalization is not None and model.normalization.name == "svhn"
    for name, parameter in model.network.named_parameters():
        assert torch.equal(parameter, stored[name].float())


def test_tied_weights_are_restored_by_their_other_name(tmp_path: Path) -> None:
    """safetensors' save_model saves shared tensors once, and writes {removed: kept} into the metadata."""
    state = REFERENCES[NAME].make(10, 3)
    kept = {key: value for key, value in state.items() if key != "layer1.0.conv2.weight"}
    metadata = {"layer1.0.conv2.weight": "layer1.0.conv1.weight", "format": "pt", "arch": NAME}
    (tmp_path / "a.safetensors").write_bytes(safetensors_bytes(kept, metadata))
    model = load_model(tmp_path / "a.safetensors")
    check(model, NAME, {**state, "layer1.0.conv2.weight": state["layer1.0.conv1.weight"]})
    assert model.checkpoint.about == {"format": "pt", "arch": NAME}


def test_metadata_that_names_no_tied_weight_stays(tmp_path: Path) -> None:
    metadata = {"bias": "w", "x.w": "absent", "w": "v.w"}
    content = safetensors_bytes({"w": torch.ones(1), "v.w": torch.zeros(1)}, metadata)
    (tmp_path / "a.safetensors").write_bytes(content)
    tensors, found = safetensors_content(tmp_path / "a.safetensors")
    assert list(tensors) == ["w", "v.w"] and found == metadata


def test_many_names_of_one_tensor_do_not_fill_the_memory(tmp_path: Path) -> None:
    metadata = {f"a{number}.w": "w" for number in range(30_000)}
    (tmp_path / "a.safetensors").write_bytes(safetensors_bytes({"w": torch.ones(1000, 250)}, metadata))
    assert "its tensors claim" in refused(lambda: load_model(tmp_path / "a.safetensors"), CheckpointError).what


@pytest.mark.parametrize("dtype", ["F8_E4M3", "F8_E5M2", "F4"])
def test_float8_is_refused_by_its_name(dtype: str, tmp_path: Path) -> None:
    content = safetensors_bytes({"w": torch.ones(4, dtype=torch.uint8)}, dtype=dtype)
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=f"w is of type {dtype}") as caught:
        load_model(tmp_path / "a.safetensors")
    assert "weight.float() × scale" in caught.value.do and "again" not in caught.value.do
