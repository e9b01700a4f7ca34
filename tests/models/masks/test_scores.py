"""Scores that rank weights: HYDRA, HARP and robust scratch tickets, by the formulas of their papers."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.models.checks import NETWORK, VGG, check, prefixed, top, weights, zeroed
from tests.models.masks import small_network
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


@pytest.mark.parametrize("group", ["filter", "kernel", "row"])
@pytest.mark.parametrize("ones", [True, False])
def test_rst_by_groups(ones: bool, group: str, tmp_path: Path) -> None:
    """Robust-Scratch-Ticket's SubnetConv_filter, _kernel and _row: the lowest int((1 − k)·n) groups are removed."""
    state, draw, keep = small_network.make(), Maker(9).draw, 0.4
    weight, kept = state["conv.weight"], {"filter": (4,), "kernel": (4, 3), "row": (4, 3, 3)}[group]
    scores = draw(*kept)
    rank = scores.abs().flatten().argsort().argsort()
    mask = (rank >= int((1 - keep) * scores.numel())).float().reshape(*kept, *(1,) * (4 - len(kept)))
    linear = draw(5, 256)
    stored = state | {"fc.scores": linear, "conv.scores": scores.reshape(mask.shape) if ones else scores}
    effective = state | {"conv.weight": weight * mask, "fc.weight": state["fc.weight"] * top(linear, keep)}
    model = small_network.check(small_network.save(stored, tmp_path), effective, keep=keep)
    assert f"(RST, by {group})" in model.checkpoint.folded[0]
    assert 0 < float(mask.mean()) < 1


@pytest.mark.parametrize("keep", [None, 0.1])
@pytest.mark.parametrize("name", ["popup_scores", "scores"])
def test_scores_of_zeros_and_ones_are_masks(name: str, keep: float | None, tmp_path: Path) -> None:
    """As set_subnet of a fixed subnet leaves them: there is nothing to rank."""
    state = small_network.make()
    masks = small_network.make_masks(state)
    stored = state | {key.replace("weight", name): mask for key, mask in masks.items()}
    model = small_network.check(small_network.save(stored, tmp_path), small_network.masked(state, masks), keep=keep)
    assert model.checkpoint.keep is None and "zeros and ones" in model.checkpoint.folded[0]
    zeros = state | {key.replace("weight", name): torch.zeros_like(mask) for key, mask in masks.items()}
    assert "--keep" in small_network.refused(small_network.save(zeros, tmp_path)).do


def test_harps_fractions_and_scores_must_all_be_there(tmp_path: Path) -> None:
    state, draw = small_network.make(), Maker(9).draw
    stored = state | {"conv.popup_scores": draw(4, 3, 3, 3), "fc.popup_scores": draw(5, 256)}
    stored |= {"conv.k_score": draw(1), "fc.k_score": draw(1)}
    for name, message in (
        ("fc.k_score", "the k_score of fc is missing"),
        ("conv.popup_scores", "the scores of conv are missing"),
    ):
        left = {key: value for key, value in stored.items() if key != name}
        error = small_network.refused(small_network.save(left, tmp_path), keep=0.5)
        assert message in error.what and "no other fraction" in error.do


def test_a_k_score_without_any_scores_is_left_out(tmp_path: Path) -> None:
    state = small_network.make()
    model = small_network.check(small_network.save(state | {"fc.k_score": torch.tensor(0.3)}, tmp_path), state)
    assert model.checkpoint.folded == ("1 k_score left out: there are no scores to rank",)


@pytest.mark.parametrize("shape", [(4, 3, 1, 1), (4,)])
def test_hydras_scores_of_another_shape_are_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    state = small_network.make() | {"conv.popup_scores": torch.randn(shape)}
    error = small_network.refused(small_network.save(state, tmp_path), keep=0.5)
    assert f"conv.popup_scores is {shape}, its weight (4, 3, 3, 3)" in error.what


def test_scores_that_are_no_numbers_are_refused_and_layers_without_any_are_named(tmp_path: Path) -> None:
    state, draw = REFERENCES[NETWORK].make(10, 3), Maker(9).draw
    stored = {**state, **{key.replace("weight", "popup_scores"): draw(*state[key].shape) for key in weights(state)}}
    torch.save(
        {"state_dict": {**stored, "conv1.popup_scores": torch.full_like(state["conv1.weight"], torch.nan)}},
        tmp_path / "a.pth.tar",
    )
    with pytest.raises(CheckpointError, match=r"conv1\.popup_scores holds NaN"):
        load_model(tmp_path / "a.pth.tar", keep=0.1)
    del stored["conv1.popup_scores"]
    torch.save({"state_dict": stored}, tmp_path / "b.pth.tar")
    assert (
        "all weights of conv1 are kept: no scores" in load_model(tmp_path / "b.pth.tar", keep=0.1).checkpoint.folded[0]
    )
