"""Metadata comes in the types that the other rooms expect, from whatever a file writes."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.models.reference_networks import REFERENCES
from tests.safetensors_files import safetensors_bytes
from thinice_tui.models.formats.metadata import plain_metadata
from thinice_tui.models.load import load_model
from thinice_tui.models.normalization import KNOWN

STATE = REFERENCES["cifar_resnet18"].make(3, 3)
CONSTANTS = {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.25, 0.3]}


def test_json_in_safetensors_is_read(tmp_path: Path) -> None:
    """Its metadata is text only."""
    metadata = {
        "normalization": json.dumps(CONSTANTS),
        "class_names": json.dumps(["cat", "dog", "ship"]),
        "arch": "cifar_resnet18",
        "note": "[1]",
    }
    (tmp_path / "a.safetensors").write_bytes(safetensors_bytes(STATE, metadata))
    model = load_model(tmp_path / "a.safetensors")
    assert model.normalization is not None and model.source == "the file's metadata"
    assert (model.normalization.mean, model.normalization.std) == ((0.4, 0.5, 0.6), (0.2, 0.25, 0.3))
    assert model.checkpoint.about["class_names"] == ["cat", "dog", "ship"] and model.checkpoint.about["note"] == "[1]"
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    mean, std = (torch.tensor(CONSTANTS[key]).view(3, 1, 1) for key in ("mean", "std"))
    expected = REFERENCES["cifar_resnet18"].logits(STATE, (images - mean) / std)
    assert torch.allclose(model.classifier()(images), expected, atol=1e-4)


@pytest.mark.parametrize("text", ["svhn", "none", "{", '"svhn"', "3", "[" * 100_000])
def test_text_that_is_no_list_or_dict_stays_text(text: str) -> None:
    assert plain_metadata({"normalization": text}) == {"normalization": text}


def test_null_is_none() -> None:
    assert plain_metadata({"normalization": "null"}) == {"normalization": None}
    assert "svhn" in KNOWN


def test_arrays_and_tensors_become_lists() -> None:
    stored = {"mean": torch.tensor([[[0.5]]]), "std": np.array([0.25])}
    about = {"normalization": stored, "class_names": np.array(["a", "b"]), "loss": (kept := np.ones(2))}
    found = plain_metadata(about)
    assert found["normalization"] == {"mean": [0.5], "std": [0.25]} and found["class_names"] == ["a", "b"]
    assert found["loss"] is kept
