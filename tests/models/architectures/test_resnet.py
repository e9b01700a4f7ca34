"""Post-activation residual networks are recognised and compute the formula of their paper."""

import re
from pathlib import Path

import pytest
import torch

from tests.models.checks import check_same, check_variant, save
from tests.models.reference_networks import REFERENCES, VARIANTS
from tests.models.references.residual import resnet
from thinice_tui.errors import CheckpointError
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


FOUR_STAGES = r"(cifar|torchvision)_resnet(18|34|50|101|152)(_small)?|wide_resnet(50|101)_2|resnext.*"


@pytest.mark.parametrize("name", [name for name in REFERENCES if re.fullmatch(FOUR_STAGES, name)])
def test_a_network_is_recognised_in_any_width_and_computes_the_published_formula(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, name)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.endswith(("stride2", "maxpool"))])
def test_stems_that_a_state_does_not_tell_apart(name: str, tmp_path: Path) -> None:
    check_variant(VARIANTS[name], tmp_path / "a.pt")


def test_groups_are_never_guessed_from_channels_that_do_not_fit(tmp_path: Path) -> None:
    """A bottleneck that lost half of the second layer's inputs, but not the first one's outputs, has no two groups."""
    state = REFERENCES["torchvision_resnet50"].make(10, 3)
    state["layer1.0.conv2.weight"] = state["layer1.0.conv2.weight"][:, :4].clone()
    with pytest.raises(
        CheckpointError, match=r"torchvision_resnet50, with 1 difference: .*is 8×4×3×3, expected 8×8×3×3"
    ):
        load_model(save(state, tmp_path / "a.pt"))


def test_groups_of_another_width_are_another_network(tmp_path: Path) -> None:
    """Half of the groups that ResNeXt-50 32x4d has, twice as wide: a different function, which is no known network."""
    state = resnet("resnext", (3, 4, 6, 3), deep=True, big=True, stem=(7, 2, True), inner=2, groups=2).make(10, 3)
    with pytest.raises(CheckpointError, match=r"conv2.weight is 16×8×3×3, expected"):
        load_model(save(state, tmp_path / "a.pt"), "resnext50_32x4d")


def test_removed_groups_are_read_from_the_shapes(tmp_path: Path) -> None:
    """One of four groups removed computes the same as with the inputs of its followers at zero."""
    state, name = REFERENCES["resnext50_32x4d"].make(10, 3), "layer2.1"
    cut, zeroed = dict(state), dict(state)
    kept = torch.arange(8, 32)
    for layer in ("conv1", "conv2"):
        cut[f"{name}.{layer}.weight"] = state[f"{name}.{layer}.weight"][kept]
        for part in ("weight", "bias", "running_mean", "running_var"):
            cut[f"{name}.bn{layer[-1]}.{part}"] = state[f"{name}.bn{layer[-1]}.{part}"][kept]
    cut[f"{name}.conv3.weight"] = state[f"{name}.conv3.weight"][:, kept]
    zeroed[f"{name}.conv3.weight"] = state[f"{name}.conv3.weight"].clone()
    zeroed[f"{name}.conv3.weight"][:, :8] = 0
    check_same(save(cut, tmp_path / "a.pt"), zeroed, "resnext50_32x4d")
