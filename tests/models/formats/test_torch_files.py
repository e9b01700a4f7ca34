"""Checkpoints of torch.save: in its old format, and whole modules where they are trusted."""

from pathlib import Path

import torch
from torch import nn

from tests.models.reference_networks import REFERENCES
from thinice_tui.models.load import load_model

NAME = "cifar_resnet18"


def test_the_legacy_format_is_read(tmp_path: Path) -> None:
    state = REFERENCES[NAME].make(10, 3)
    torch.save({"state_dict": state}, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    model = load_model(tmp_path / "a.pth")
    assert model.checkpoint.form == "torch legacy" and model.arch.startswith(NAME)


def test_structured_pruning_of_a_whole_module(tmp_path: Path) -> None:
    """Torch-Pruning saves modules with fewer channels, whose connections only the module itself knows."""
    network = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 64, 4))
    torch.save(network, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", trust=True)
    images = torch.rand(2, 3, 8, 8)
    assert torch.allclose(model.classifier()(images), network(images))
    assert model.sparsity.parameters == 3 * 5 * 9 + 5 + 5 * 64 * 4 + 4
