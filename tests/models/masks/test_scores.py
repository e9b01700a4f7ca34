"""Scores that rank weights: HYDRA, HARP and robust scratch tickets, by the formulas of their papers."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.models.checks import NETWORK, VGG, check, prefixed, top, weights, zeroed
from tests.models.reference_networks import REFERENCES, Maker
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model


@pytest.mark.parametrize("name", [NETWORK, VGG, "wide_resnet_28_2"])
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


def test_hydras_folded_files_need_no_fraction(tmp_path: Path) -> None:
    state = zeroed(REFERENCES[NETWORK].make(10, 3), 0.9)
    torch.save({"state_dict": state}, tmp_path / "checkpoint_dense.pth.tar")
    model = load_model(tmp_path / "checkpoint_dense.pth.tar", keep=0.5)
    check(model, NETWORK, state)
    assert model.checkpoint.keep is None


def test_scores_without_a_fraction_are_refused(tmp_path: Path) -> None:
    state = REFERENCES[NETWORK].make(10, 3)
    state |= {key.replace("weight", "popup_scores"): torch.rand(state[key].shape) for key in weights(state)}
    torch.save({"state_dict": state}, tmp_path / "a.pth.tar")
    with pytest.raises(CheckpointError, match=r"holds scores \(conv1.popup_scores\) .* is not in the file") as caught:
        load_model(tmp_path / "a.pth.tar")
    assert "--keep" in caught.value.do and "0.1 for a model that is pruned by 90 %" in caught.value.do


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
