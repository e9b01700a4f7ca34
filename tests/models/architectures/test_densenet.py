"""DenseNets are recognised under each set of names and compute the published formula."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import check_same, check_variant, save
from tests.models.reference_networks import REFERENCES, VARIANTS
from tests.models.references.densenet import D121, cifar_densenet
from thinice_tui.models.load import load_model

NAMES = [name for name in REFERENCES if "densenet" in name]


@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_recognised_in_any_width_and_computes_the_published_formula(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, name)


@pytest.mark.parametrize("name", ["cifar_densenet121", "torchvision_densenet121"])
def test_classes_and_input_channels_are_read(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(7, 1)
    check_same(save(state, tmp_path / "a.pt"), state, name, 1)


def test_growth_is_read_from_the_shapes(tmp_path: Path) -> None:
    """pytorch-cifar's `densenet_cifar` is DenseNet-121 with growth 12 in place of 32."""
    state = cifar_densenet("", D121, growth=12).make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, "cifar_densenet121")
    assert load_model(tmp_path / "a.pt").arch == "cifar_densenet121 (0.375 × its width)"


def test_a_small_stem_with_pooling_is_a_variant(tmp_path: Path) -> None:
    check_variant(VARIANTS["torchvision_densenet121_small_maxpool"], tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("name", "layer", "norm"),
    [
        ("cifar_densenet121", "dense2.3", "bn2"),
        ("torchvision_densenet121", "features.denseblock2.denselayer4", "norm2"),
    ],
)
def test_removed_channels_are_read_from_the_shapes(name: str, layer: str, norm: str, tmp_path: Path) -> None:
    """A layer with five inner channels removed computes the same as with these channels at zero."""
    state = REFERENCES[name].make(10, 3)
    kept, removed = torch.arange(5, 16), torch.arange(5)
    cut, zeroed = dict(state), dict(state)
    cut[f"{layer}.conv1.weight"] = state[f"{layer}.conv1.weight"][kept]
    cut[f"{layer}.conv2.weight"] = state[f"{layer}.conv2.weight"][:, kept]
    for part in ("weight", "bias", "running_mean", "running_var"):
        cut[f"{layer}.{norm}.{part}"] = state[f"{layer}.{norm}.{part}"][kept]
    zeroed[f"{layer}.conv2.weight"] = state[f"{layer}.conv2.weight"].clone()
    zeroed[f"{layer}.conv2.weight"][:, removed] = 0
    check_same(save(cut, tmp_path / "a.pt"), zeroed, name)
    assert load_model(tmp_path / "a.pt").arch == f"{name} (channels removed)"
