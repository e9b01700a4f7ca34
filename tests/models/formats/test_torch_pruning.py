"""Torch-Pruning's own state dicts, in the layout of its code; the real package is tested with `-m network`."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.models.checks import NETWORK, live_network
from tests.models.reference_networks import REFERENCES
from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.torch_pruning import with_plain_state
from thinice_tui.models.load import load_model


def as_torch_pruning(network: nn.Module) -> dict[str, object]:
    """What `torch_pruning.state_dict(network)` returns: each module's __dict__ by name, and plain attributes."""
    return {
        "full_state_dict": {name: module.__dict__.copy() for name, module in network.named_modules()},
        "attributions": {name: {"training": module.training} for name, module in network.named_modules()},
    }


def test_the_weights_are_found_in_the_modules_attributes(tmp_path: Path) -> None:
    state, network = live_network()
    torch.save(as_torch_pruning(network), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="would have to run code"):
        load_model(tmp_path / "a.pt")
    model, images = load_model(tmp_path / "a.pt", trust=True), torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        found = model.classifier()(images)
    assert torch.allclose(found, REFERENCES[NETWORK].logits(state, images), atol=1e-4)
    assert model.arch.startswith(NETWORK)


@pytest.mark.parametrize("content", [3, {}, {"full_state_dict": 1, "attributions": {}}, {"full_state_dict": {"a": 1}}])
def test_anything_else_stays_as_it_is(content: object) -> None:
    assert with_plain_state(content) is content
