"""The masks of a whole module are folded into its weights."""

from pathlib import Path

import pytest
import torch
from torch.nn.utils import prune

from tests.models.checks import live_network
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model


def test_masks_of_a_trusted_module_are_folded(tmp_path: Path) -> None:
    _, live = live_network()
    prune.l1_unstructured(live.get_submodule("conv1"), "weight", 0.5)  # type: ignore[no-untyped-call]
    torch.save({"model": live, "epoch": 3}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="would have to run code") as caught:
        load_model(tmp_path / "a.pt")
    assert "--trust-pickle" in caught.value.do
    model = load_model(tmp_path / "a.pt", trust=True)
    assert "CifarResNet" in model.arch and model.checkpoint.container == "model" and model.checkpoint.trusted
    layers = {layer.name: layer for layer in model.sparsity.layers}
    assert layers["conv1"].zeros == layers["conv1"].weights // 2
    assert "weight_orig" not in dict(model.network.get_submodule("conv1").named_parameters())
