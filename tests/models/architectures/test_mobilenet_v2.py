"""MobileNetV2 is recognised under both sets of names and computes the published formula."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import check_same, check_variant, logits_of, save
from tests.models.reference_networks import REFERENCES, VARIANTS
from tests.models.references.mobilenet_v2 import PAPER, torchvision_mobilenet
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model

NAMES = [name for name in REFERENCES if "mobilenet" in name]
BLOCKS = {
    "cifar_mobilenet_v2": ("layers.4", "conv1", "bn1", "conv2", "bn2", "conv3"),
    "torchvision_mobilenet_v2": ("features.5.conv", "0.0", "0.1", "1.0", "1.1", "2"),
}
"""A block inside a stage, and its expansion, depthwise convolution and projection with their norms."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("classes", "channels"), [(10, 3), (100, 1)])
def test_a_network_is_recognised_and_computes_the_published_formula(
    name: str, classes: int, channels: int, tmp_path: Path
) -> None:
    state = REFERENCES[name].make(classes, channels)
    check_same(save(state, tmp_path / "a.pt"), state, name, channels)
    assert load_model(tmp_path / "a.pt").arch == f"{name} (channels removed)"


@pytest.mark.parametrize("name", [name for name in VARIANTS if "mobilenet" in name])
def test_the_strides_for_small_images_are_variants(name: str, tmp_path: Path) -> None:
    check_variant(VARIANTS[name], tmp_path / "a.pt")


@pytest.mark.parametrize("name", NAMES)
def test_removed_channels_are_read_from_the_shapes(name: str, tmp_path: Path) -> None:
    """A block with five inner channels removed computes the same as with these channels at zero."""
    state = REFERENCES[name].make(10, 3)
    at, expansion, first, depthwise, second, projection = BLOCKS[name]
    kept, removed = torch.arange(5, 48), torch.arange(5)
    cut, zeroed = dict(state), dict(state)
    norms = [f"{norm}.{part}" for norm in (first, second) for part in ("weight", "bias", "running_mean", "running_var")]
    for part in (f"{expansion}.weight", f"{depthwise}.weight", *norms):
        cut[f"{at}.{part}"] = state[f"{at}.{part}"][kept]
    cut[f"{at}.{projection}.weight"] = state[f"{at}.{projection}.weight"][:, kept]
    zeroed[f"{at}.{projection}.weight"] = state[f"{at}.{projection}.weight"].clone()
    zeroed[f"{at}.{projection}.weight"][:, removed] = 0
    check_same(save(cut, tmp_path / "a.pt"), zeroed, name)


def test_a_block_whose_channels_cannot_be_added_is_refused(tmp_path: Path) -> None:
    """Never a network that leaves the sum out."""
    name = "torchvision_mobilenet_v2"
    state = REFERENCES[name].make(10, 3)
    state["features.6.conv.2.weight"] = state["features.6.conv.2.weight"][:7]
    for part in ("weight", "bias", "running_mean", "running_var"):
        state[f"features.6.conv.3.{part}"] = state[f"features.6.conv.3.{part}"][:7]
    state["features.7.conv.0.0.weight"] = state["features.7.conv.0.0.weight"][:, :7]
    with pytest.raises(CheckpointError, match="do not fit one another"):
        load_model(save(state, tmp_path / "a.pt"))


def test_a_narrow_network_adds_the_input_of_its_first_block(tmp_path: Path) -> None:
    """torchvision does so wherever the shapes are equal; at a quarter of the width, 8 of 32 and 8 of 16 channels."""
    reference = torchvision_mobilenet("torchvision_mobilenet_v2", PAPER, 2, width=4)
    state = reference.make(10, 3)
    model = load_model(save(state, tmp_path / "a.pt"))
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(logits_of(model, images), reference.logits(state, images), atol=1e-4)


def test_robust_scratch_tickets_network_of_640_outputs_is_refused(tmp_path: Path) -> None:
    """Its blocks have no strides and its last convolution is applied at 64 places: it is not this network."""
    state = REFERENCES["cifar_mobilenet_v2"].make(10, 3)
    state["fc.weight"] = state.pop("linear.weight")[:, :, None, None]
    del state["linear.bias"]
    with pytest.raises(CheckpointError, match=r"missing linear.weight, linear.bias; unexpected fc.weight"):
        load_model(save(state, tmp_path / "a.pt"))
