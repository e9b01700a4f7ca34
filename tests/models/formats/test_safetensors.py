"""Checkpoints in the safetensors format."""

from pathlib import Path

import pytest
import torch

from tests.models.reference_networks import REFERENCES
from tests.safetensors_files import safetensors_bytes
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
