"""Masks that are multiplied with their weights: torch's, MAD's, FlyingBird's and RobustBird's."""

import argparse
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune

from tests.models.checks import NETWORK, check, live_network, weights, zeroed
from tests.models.reference_networks import REFERENCES, Maker
from thinice_tui.models.load import load_model


class Masked(nn.Module):
    """A parametrisation that multiplies by a mask."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        mask = self.mask
        assert isinstance(mask, Tensor)
        return weight * mask


@pytest.mark.parametrize("rounds", [1, 2])
def test_torch_prune(rounds: int, tmp_path: Path) -> None:
    """Weights and biases pruned by torch; pruning twice gives a container of methods with one mask."""
    _, live = live_network()
    convs = [module for module in live.modules() if isinstance(module, nn.Conv2d)]
    linear = live.get_submodule("linear")
    for _ in range(rounds):
        for module in convs:
            prune.l1_unstructured(module, "weight", 0.5)  # type: ignore[no-untyped-call]
        prune.random_unstructured(linear, "bias", 0.5)  # type: ignore[no-untyped-call]
    stored = live.state_dict()
    assert "conv1.weight_orig" in stored and "linear.bias_mask" in stored
    effective = {key.removesuffix("_orig"): value for key, value in stored.items() if not key.endswith("_mask")}
    for key in list(effective):
        if f"{key}_mask" in stored:
            effective[key] = torch.where(stored[f"{key}_mask"] > 0, stored[f"{key}_orig"], torch.tensor(0.0))
    torch.save(stored, tmp_path / "a.pt")
    check(load_model(tmp_path / "a.pt"), NETWORK, effective)
    assert int((effective["linear.bias"] == 0).sum()) >= 5


def test_torch_parametrize(tmp_path: Path) -> None:
    state, live = live_network()
    effective = dict(state)
    for name in ("conv1", "layer3.0.conv2", "linear"):
        weight = state[f"{name}.weight"]
        masks = [(torch.rand(weight.shape) < 0.6).float() for _ in range(2)]
        for mask in masks:
            parametrize.register_parametrization(live.get_submodule(name), "weight", Masked(mask))
        effective[f"{name}.weight"] = weight * masks[0] * masks[1]
    assert "conv1.parametrizations.weight.1.mask" in live.state_dict()
    torch.save(live.state_dict(), tmp_path / "a.pt")
    check(load_model(tmp_path / "a.pt"), NETWORK, effective)


@pytest.mark.parametrize("name", [NETWORK, "vgg16_mad"])
def test_mad(name: str, tmp_path: Path) -> None:
    state, draw = zeroed(REFERENCES[name].make(10, 3), 0.5), Maker(9).draw
    stored, effective = dict(state), dict(state)
    for key in weights(state):
        for part in ("weight", "bias"):
            own = key.replace("weight", part)
            if own not in state:
                continue
            mask = draw(*state[own].shape)
            mask[mask < -1] = -math.inf  # a mask of exactly zero
            stored[key.replace("weight", f"mask_{part}")] = mask
            effective[own] = state[own] * torch.log1p(torch.exp(mask))
    content = {
        "net": stored,
        "acc": np.float64(80.5),
        "epoch": np.int64(3),
        "loss": 0.4,
        "args": argparse.Namespace(network="resnet", depth=18, lr=np.float32(0.1), dataset="cifar10", nested=["a", 1]),
    }
    torch.save(content, tmp_path / "mad.t7")
    model = load_model(tmp_path / "mad.t7", normalize="cifar10-2023")
    assert model.normalization is not None and model.normalization.std == (0.2023, 0.1994, 0.2010)
    check(model, name, effective)
    assert model.sparsity.conv_linear > 0.5
    assert model.checkpoint.about["acc"] == 80.5
    arguments = model.checkpoint.about["args"]
    assert isinstance(arguments, dict) and arguments["depth"] == 18 and arguments["dataset"] == "cifar10"


@pytest.mark.parametrize("name", ["preact_resnet18", "vgg16_radmm"])
@pytest.mark.parametrize("stage", [1, 2])
def test_flyingbird_and_robustbird(name: str, stage: int, tmp_path: Path) -> None:
    """The first stage has zeros, the second masks; the normalisation is in buffers of the model."""
    state = zeroed(REFERENCES[name].make(10, 3))
    random = torch.Generator().manual_seed(5)
    masks = {key: (torch.rand(state[key].shape, generator=random) < 0.5).float() for key in weights(state)}
    stored, effective = dict(state), dict(state)
    if stage == 2:
        for key, mask in masks.items():
            stored[f"{key}_orig"], stored[f"{key}_mask"] = stored.pop(key), mask
            effective[key] = state[key] * mask
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2470, 0.2435, 0.2616])
    stored["normalize.mean"], stored["normalize.std"] = mean, std
    torch.save({"state_dict": stored, "mask_info": masks, "epoch": 100}, tmp_path / "a.pth.tar")
    model = load_model(tmp_path / "a.pth.tar")
    assert model.source == "the file's buffers" and model.normalization is not None
    assert model.normalization.std == (0.2470, 0.2435, 0.2616)
    check(model, name, effective)
