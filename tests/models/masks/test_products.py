"""Masks that are multiplied with their weights: torch's, MAD's, FlyingBird's and RobustBird's."""

import argparse
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from tests.models.checks import NETWORK, check, live_network, weights, zeroed
from tests.models.masks import small_network
from tests.models.reference_networks import REFERENCES, Maker
from thinice_tui.models.load import load_model


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
    """FlyingBird has zeros, and masks beside them; RobustBird's second stage has torch's masks.

    The normalisation is in buffers of the model.
    """
    state = zeroed(REFERENCES[name].make(10, 3))
    random = torch.Generator().manual_seed(5)
    masks = {key: (torch.rand(state[key].shape, generator=random) < 0.5).float() for key in weights(state)}
    stored, effective = dict(state), {key: value * masks.get(key, 1) for key, value in state.items()}
    if stage == 2:
        for key, mask in masks.items():
            stored[f"{key}_orig"], stored[f"{key}_mask"] = stored.pop(key), mask
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2470, 0.2435, 0.2616])
    stored["normalize.mean"], stored["normalize.std"] = mean, std
    content = {"state_dict": stored, "epoch": 100}
    if stage == 1:
        parameters = [key for key in state if not key.endswith(("running_mean", "running_var", "num_batches_tracked"))]
        numbered = {f"{key}_{parameters.index(key)}": mask for key, mask in masks.items()}
        content["mask_info"] = {"masks": numbered, "lossinfo": [], "name2death_rate": dict.fromkeys(numbered, 0.5)}
    torch.save(content, tmp_path / "a.pth.tar")
    model = load_model(tmp_path / "a.pth.tar")
    assert model.source == "the file's buffers" and model.normalization is not None
    assert model.normalization.std == (0.2470, 0.2435, 0.2616)
    check(model, name, effective)


@pytest.mark.parametrize("part", ["mask", "weight_mask", "_weight_mask", "__weight_mma_mask", "mask_weight"])
@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32])
def test_masks_of_zeros_and_ones_beside_a_weight(part: str, dtype: torch.dtype, tmp_path: Path) -> None:
    """`_weight_mask` is NVIDIA ModelOpt's buffer, `__weight_mma_mask` Apex's; the stored weights are not masked."""
    state = small_network.make()
    masks = small_network.make_masks(state)
    stored = state | {key.replace("weight", part): mask.to(dtype) for key, mask in masks.items()}
    model = small_network.check(small_network.save(stored, tmp_path), small_network.masked(state, masks))
    assert len(model.checkpoint.folded) == 1 and "softplus" not in model.checkpoint.folded[0]
    if part == "mask_weight":
        assert "zeros and ones" in model.checkpoint.folded[0]


def test_a_mask_of_zeros_and_ones_beside_a_bias(tmp_path: Path) -> None:
    state, mask = small_network.make(), torch.tensor([1, 0, 1, 0, 0])
    path = small_network.save(state | {"fc.bias_mask": mask}, tmp_path)
    small_network.check(path, state | {"fc.bias": torch.where(mask == 1, state["fc.bias"], 0)})


def test_masks_of_mad_are_not_taken_for_zeros_and_ones_where_one_is_not(tmp_path: Path) -> None:
    state = small_network.make()
    masks = small_network.make_masks(state)
    stored = state | {key.replace("weight", "mask_weight"): mask for key, mask in masks.items()}
    biases = {"conv.bias": torch.zeros(4), "fc.bias": torch.full((5,), 0.25)}
    stored |= {key.replace("bias", "mask_bias"): mask for key, mask in biases.items()}
    effective = {key: value * torch.log1p(torch.exp((masks | biases)[key])) for key, value in state.items()}
    model = small_network.check(small_network.save(stored, tmp_path), effective)
    assert "softplus" in model.checkpoint.folded[0]
    del stored["fc.mask_weight"]
    error = small_network.refused(small_network.save(stored, tmp_path))
    assert "the mask of fc.weight is missing: other layers have mask_weight, as MAD gives it" in error.what
