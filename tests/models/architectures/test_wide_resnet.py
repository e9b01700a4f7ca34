"""Wide residual networks are recognised and compute the formula of their paper."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import check_same, check_variant, save
from tests.models.reference_networks import REFERENCES, VARIANTS
from thinice_tui.models.load import load_model


def test_an_unused_first_stage_is_left_out(tmp_path: Path) -> None:
    state = REFERENCES["wide_resnet_28_2"].make(10, 3)
    twice = {**state, **{f"sub_{key}": value for key, value in state.items() if key.startswith("block1.")}}
    path = save(twice, tmp_path / "a.pt")
    check_same(path, state, "wide_resnet_28_2")
    model = load_model(path)
    assert model.sparsity.parameters == sum(v.numel() for k, v in state.items() if k.endswith(("weight", "bias")))
    assert any("sub_block1" in note for note in model.notes)


@pytest.mark.parametrize("name", [name for name in REFERENCES if name.startswith("wide_resnet_")])
def test_a_network_is_recognised_in_any_width_and_computes_the_published_formula(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, name)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.startswith("wide")])
def test_other_activations_and_first_blocks(name: str, tmp_path: Path) -> None:
    check_variant(VARIANTS[name], tmp_path / "a.pt")


def test_the_wide_network_of_robust_scratch_tickets(tmp_path: Path) -> None:
    """Its batch norms have no weights and biases, and its last layer is a 1×1 convolution without a bias."""
    state = REFERENCES["wide_resnet_34_1"].make(10, 3)
    for key in list(state):
        if "bn" in key and key.endswith(("weight", "bias")):
            state[key] = torch.ones_like(state[key]) if key.endswith("weight") else torch.zeros_like(state[key])
    state["fc.bias"] = torch.zeros(10)
    stored = {k: v for k, v in state.items() if not ("bn" in k and k.endswith(("weight", "bias"))) and k != "fc.bias"}
    stored["fc.weight"] = state["fc.weight"][:, :, None, None]
    torch.save({"state_dict": {f"module.{key}": value for key, value in stored.items()}}, tmp_path / "model_best.pth")
    model = load_model(tmp_path / "model_best.pth")
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = model.classifier()(images)
    assert model.arch == "wide_resnet_34_1"
    assert torch.allclose(found, REFERENCES["wide_resnet_34_1"].logits(state, images), atol=1e-4, rtol=1e-4)
