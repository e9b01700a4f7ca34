"""Every kind of checkpoint that adversarial pruning papers published, built here as they are, and loaded.

The effective weights are computed in each test by the paper's formula, in plain tensor code. What is loaded must give
the logits of these, and count their zeros.
"""

import argparse
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.models.reference import REFERENCES, Maker, State, effective_sparsity
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import LoadedModel, load_model

NETWORK, VGG = "cifar_resnet18", "vgg16_hydra"


def weights(state: State) -> list[str]:
    """The names of Conv and Linear weights."""
    return [key for key, value in state.items() if key.endswith("weight") and value.ndim > 1]


def prefixed(prefix: str, state: State) -> State:
    return {prefix + key: value for key, value in state.items()}


def zeroed(state: State, fraction: float = 0.7, seed: int = 3) -> State:
    """With random Conv and Linear weights at literal zero."""
    random = torch.Generator().manual_seed(seed)
    return {
        key: value * (torch.rand(value.shape, generator=random) >= fraction) if key in weights(state) else value
        for key, value in state.items()
    }


def check(model: LoadedModel, name: str, effective: State) -> None:
    """The logits and the zeros are those of the effective weights, and the network is the named one."""
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = model.classifier()(images)
    if model.normalization is not None:
        mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in (model.normalization.mean, model.normalization.std))
        images = (images - mean) / std
    assert torch.allclose(found, REFERENCES[name].logits(effective, images), atol=1e-4, rtol=1e-4)
    assert model.arch.partition(" ")[0] == name
    assert model.sparsity.conv_linear == pytest.approx(effective_sparsity(effective), abs=1e-9)


def top(scores: Tensor, keep: float) -> Tensor:
    """Ones where the magnitudes are largest; the lowest int((1 − keep)·n) are zero, by counting smaller ones."""
    flat = scores.abs().double().numpy().ravel()
    rank = np.empty(len(flat), dtype=int)
    rank[np.argsort(flat, kind="stable")] = np.arange(len(flat))
    return torch.from_numpy((rank >= int((1 - keep) * len(flat))).astype(np.float32)).view(scores.shape)


# HYDRA


@pytest.mark.parametrize("name", [NETWORK, VGG, "wide_resnet_28_4"])
def test_hydra(name: str, tmp_path: Path) -> None:
    state, draw = REFERENCES[name].make(10, 3), Maker(9).draw
    stored, effective = dict(state), dict(state)
    for key in weights(state):
        scores = draw(*state[key].shape)
        stored[key.replace("weight", "popup_scores")] = scores
        effective[key] = state[key] * top(scores, 0.1)
    if name.startswith("wide"):
        stored |= {f"sub_{key}": value for key, value in stored.items() if key.startswith("block1.")}
    content = {"epoch": 99, "arch": name, "state_dict": prefixed("module.", stored), "best_prec1": 51.2}
    content["optimizer"] = {"state": {}, "param_groups": []}
    torch.save(content, tmp_path / "checkpoint.pth.tar")
    model = load_model(tmp_path / "checkpoint.pth.tar", keep=0.1)
    check(model, name, effective)
    assert model.sparsity.conv_linear == pytest.approx(0.9, abs=0.01)
    assert model.checkpoint.keep == 0.1 and "HYDRA" in model.checkpoint.folded[0]
    check(load_model(tmp_path / "checkpoint.pth.tar", keep=1), name, state)


def test_hydra_dense_files_are_folded_already_and_need_no_fraction(tmp_path: Path) -> None:
    state = zeroed(REFERENCES[NETWORK].make(10, 3), 0.9)
    torch.save({"state_dict": state}, tmp_path / "checkpoint_dense.pth.tar")
    model = load_model(tmp_path / "checkpoint_dense.pth.tar", keep=0.5)
    check(model, NETWORK, state)
    assert model.checkpoint.keep is None


def test_scores_without_a_fraction_are_a_question(tmp_path: Path) -> None:
    state = REFERENCES[NETWORK].make(10, 3)
    state |= {key.replace("weight", "popup_scores"): torch.rand(state[key].shape) for key in weights(state)}
    torch.save({"state_dict": state}, tmp_path / "a.pth.tar")
    with pytest.raises(CheckpointError, match=r"holds scores \(conv1.popup_scores\), .* not in the file") as caught:
        load_model(tmp_path / "a.pth.tar")
    assert "--keep" in caught.value.do and "0.1 for a model that is pruned by 90 %" in caught.value.do


# HARP


@pytest.mark.parametrize("name", [NETWORK, VGG])
def test_harp_by_weight(name: str, tmp_path: Path) -> None:
    state, maker, keep = REFERENCES[name].make(10, 3), Maker(9), 0.2
    stored, effective = dict(state), dict(state)
    for key in weights(state):
        scores, k_score = maker.draw(*state[key].shape), maker.draw(1)[0]
        layer = 1 / (1 + math.exp(-float(k_score))) * (1 - 0.1 * keep) + 0.1 * keep
        stored[key.replace("weight", "popup_scores")], stored[key.replace("weight", "k_score")] = scores, k_score
        effective[key] = state[key] * top(scores, layer)
    torch.save({"epoch": 1, "arch": "ResNet18", "state_dict": prefixed("module.", stored)}, tmp_path / "a.pth.tar")
    model = load_model(tmp_path / "a.pth.tar", keep=keep)
    check(model, name, effective)
    assert "HARP" in model.checkpoint.folded[0]
    fractions = [1 - layer.sparsity for layer in model.sparsity.layers]
    assert max(fractions) - min(fractions) > 0.1, "one fraction for all layers would be HYDRA's"


def test_harp_by_channel(tmp_path: Path) -> None:
    state, maker, keep = REFERENCES[NETWORK].make(10, 3), Maker(9), 0.5
    stored, effective = dict(state), dict(state)
    for key in weights(state):
        ins = state[key].shape[1]
        scores, k_score = maker.draw(1, ins, *(1 for _ in state[key].shape[2:])), maker.draw(1)[0]
        layer = 1 / (1 + math.exp(-float(k_score))) * (1 - 0.1 * keep) + 0.1 * keep
        kept = np.argsort(-scores.abs().numpy().ravel(), kind="stable")[: round(layer * ins)]
        stored[key.replace("weight", "popup_scores")], stored[key.replace("weight", "k_score")] = scores, k_score
        effective[key] = torch.zeros_like(state[key])
        effective[key][:, kept] = state[key][:, kept]
    torch.save({"state_dict": stored}, tmp_path / "a.pth.tar")
    check(load_model(tmp_path / "a.pth.tar", keep=keep), NETWORK, effective)


# RADMM, PwoA: literal zeros


@pytest.mark.parametrize("name", [NETWORK, "vgg16_radmm"])
def test_radmm(name: str, tmp_path: Path) -> None:
    state = zeroed(REFERENCES[name].make(10, 3))
    torch.save(prefixed("module.basic_model.", state), tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt")
    check(model, name, state)
    assert "its width" in model.arch or "channels" in model.arch


@pytest.mark.parametrize("name", [NETWORK, "vgg16_pwoa"])
def test_pwoa(name: str, tmp_path: Path) -> None:
    state = zeroed(REFERENCES[name].make(100, 3))
    torch.save(state, tmp_path / "a.pt")
    check(load_model(tmp_path / "a.pt"), name, state)


# MAD


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


# Li20


def li_masks(state: State) -> list[np.ndarray]:
    """One mask a layer in the network's order, batch norms included, as that code saves them."""
    random = np.random.default_rng(4)
    return [
        (random.random(tuple(value.shape)) < 0.4).astype(np.float32)
        for key, value in state.items()
        if key.endswith("weight")
    ]


def li_effective(state: State, masks: list[np.ndarray]) -> State:
    """Weights × masks; a batch norm's bias as its weight, a layer's bias × the mean of its mask over its inputs."""
    effective = dict(state)
    for key, mask in zip([key for key in state if key.endswith("weight")], masks, strict=True):
        effective[key] = state[key] * torch.from_numpy(mask)
        bias = key.removesuffix("weight") + "bias"
        if bias in state:
            part = mask if mask.ndim == 1 else mask.reshape(len(mask), -1).mean(axis=1)
            effective[bias] = state[bias] * torch.from_numpy(part)
    return effective


@pytest.mark.parametrize("name", [NETWORK, "vgg16_li20"])
def test_li20(name: str, tmp_path: Path) -> None:
    """`masks.npy` holds an array of arrays, and the VGG wrapper's dictionary every tensor twice."""
    state = REFERENCES[name].make(10, 3)
    masks = li_masks(state)
    stored = prefixed("model.", state)
    if name == "vgg16_li20":
        stored = state | {
            key.replace("feature.", "model.0.").replace("classifier.", "model.3."): value
            for key, value in state.items()
        }
    torch.save(stored, tmp_path / "weights.pt")
    array = np.empty(len(masks), dtype=object)
    array[:] = masks
    np.save(tmp_path / "masks.npy", array, allow_pickle=True)
    model = load_model(tmp_path / "weights.pt+masks.npy")
    check(model, name, li_effective(state, masks))
    assert model.checkpoint.sha256 != load_model(tmp_path / "weights.pt").checkpoint.sha256
    assert load_model(tmp_path / "weights.pt").sparsity.conv_linear == 0


@pytest.mark.parametrize("form", ["npz", "npy dict"])
def test_masks_beside_by_name(form: str, tmp_path: Path) -> None:
    state = REFERENCES[NETWORK].make(10, 3)
    random = np.random.default_rng(4)
    masks = {key: random.random(tuple(state[key].shape)) < 0.4 for key in weights(state)}
    torch.save(state, tmp_path / "weights.pt")
    if form == "npz":
        np.savez(tmp_path / "m.npz", **masks)  # type: ignore[arg-type]
    else:
        np.save(tmp_path / "m.npy", {key: mask.astype(np.uint8) for key, mask in masks.items()}, allow_pickle=True)  # type: ignore[arg-type]
    effective = {key: value * torch.from_numpy(masks[key]) if key in masks else value for key, value in state.items()}
    check(load_model(tmp_path / f"weights.pt+m.{form[:3]}"), NETWORK, effective)


def test_masks_beside_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    state = REFERENCES[NETWORK].make(10, 3)
    torch.save(state, tmp_path / "a.pt")
    for masks, message in (
        ({"conv1.weight": np.ones((8, 3, 3))}, "for conv1.weight, which is"),
        ({"conv9.weight": np.ones(3)}, "there is no weight conv9.weight"),
        ({"conv1.weight": np.full((8, 3, 3, 3), 0.5)}, "not of zeros and ones"),
    ):
        np.savez(tmp_path / "m.npz", **masks)
        with pytest.raises(CheckpointError, match=message):
            load_model(tmp_path / "a.pt+m.npz")
    np.save(tmp_path / "m.npy", np.ones((8, 3, 3, 3)))
    with pytest.raises(CheckpointError, match="1 masks for 21 Conv and Linear weights"):
        load_model(tmp_path / "a.pt+m.npy")
    with pytest.raises(CheckpointError, match="no such file"):
        load_model(tmp_path / "a.pt+absent.npy")


# RST


def test_rst(tmp_path: Path) -> None:
    """`scores` beside `weight`, `module.` before all, and a 1×1 convolution as the last layer."""
    state, draw = REFERENCES[NETWORK].make(10, 3), Maker(9).draw
    state["linear.bias"] = torch.zeros(10)
    stored, effective = dict(state), dict(state)
    del stored["linear.bias"]
    for key in weights(state):
        scores = draw(*state[key].shape)
        stored[key.replace("weight", "scores")] = scores
        effective[key] = state[key] * top(scores, 0.3)
    for part in ("weight", "scores"):
        stored[f"fc.{part}"] = stored.pop(f"linear.{part}")[:, :, None, None]
    torch.save({"state_dict": prefixed("module.", stored), "curr_acc1": 1.0}, tmp_path / "model_best.pth")
    model = load_model(tmp_path / "model_best.pth", keep=0.3)
    check(model, NETWORK, effective)
    assert "RST" in model.checkpoint.folded[0]


# FlyingBird and RobustBird


@pytest.mark.parametrize("name", ["preact_resnet18", "vgg16_radmm"])
@pytest.mark.parametrize("stage", [1, 2])
def test_birds(name: str, stage: int, tmp_path: Path) -> None:
    """The first stage's zeros are literal, the second's a product; the normalisation is in buffers of the model."""
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


# TwinRep


def test_twinrep_that_is_dense_already(tmp_path: Path) -> None:
    state = zeroed(REFERENCES["vgg16_twinrep"].make(10, 3))
    torch.save(state, tmp_path / "a.pt")
    check(load_model(tmp_path / "a.pt"), "vgg16_twinrep", state)


@pytest.mark.parametrize("mode", ["weight", "channel"])
@pytest.mark.parametrize("name", [NETWORK, "vgg16_twinrep"])
def test_twinrep_while_it_is_twins(mode: str, name: str, tmp_path: Path) -> None:
    state, maker = REFERENCES[name].make(10, 3), Maker(9)
    stored, effective = dict(state), dict(state)
    for key in weights(state):
        weight = state[key]
        if weight.ndim != 4:
            continue
        outs = weight.shape[0]
        mask = (maker.draw(*weight.shape) > 0).float()
        aux = maker.draw(*weight.shape)
        effective[key] = weight * aux * mask
        if mode == "channel":
            mask, aux = (maker.draw(outs, 1, 1, 1) > 0).float(), maker.draw(outs, outs) / outs**0.5
            effective[key] = (aux @ weight.reshape(outs, -1)).reshape(weight.shape) * mask
        stored[key.replace("weight", "aux_weight")], stored[key.replace("weight", "mask")] = aux, mask
    torch.save(stored, tmp_path / "a.pt")
    check(load_model(tmp_path / "a.pt"), name, effective)


def test_bcs_p_is_refused_as_what_it_is(tmp_path: Path) -> None:
    """A pickle that names TensorFlow's classes."""
    content = b"\x80\x02ctensorflow.python.ops.variables\nVariable\nq\x00)\x81q\x01."
    (tmp_path / "bcs.pkl").write_bytes(content)
    with pytest.raises(CheckpointError, match="is a TensorFlow pickle") as caught:
        load_model(tmp_path / "bcs.pkl")
    assert "convert it" in caught.value.do
