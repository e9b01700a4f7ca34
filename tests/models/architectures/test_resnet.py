"""Post-activation residual networks are recognised and compute the formula of their paper."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import check_same, save
from tests.models.reference_networks import REFERENCES
from thinice_tui.models.load import load_model


def test_the_last_layer_may_be_a_convolution(tmp_path: Path) -> None:
    """Hidden networks and robust scratch tickets have a 1×1 convolution `fc` without a bias."""
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    weight = state.pop("linear.weight")
    bias = state.pop("linear.bias")
    state["fc.weight"] = weight[:, :, None, None]
    model = load_model(save(state, tmp_path / "a.pt"))
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        found = model.classifier()(images)
    linear = {**state, "linear.weight": weight, "linear.bias": torch.zeros_like(bias)}
    assert torch.allclose(found, REFERENCES["cifar_resnet18"].logits(linear, images), atol=1e-4)


@pytest.mark.parametrize("name", [name for name in REFERENCES if name.startswith(("cifar", "torchvision"))])
def test_a_network_is_recognised_in_any_width_and_computes_the_published_formula(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, name)
