"""Layouts of pruned weights that are refused by their real names, and halves of pairs."""

from pathlib import Path

import pytest
import torch

from tests.models.masks.small_network import ARCH, arch, check, make, make_masks, refused, save

STATE = make()
MASKS = make_masks(STATE)
MASK = MASKS["conv.weight"]


def test_the_wrappers_of_nni_are_refused(tmp_path: Path) -> None:
    """NNI 1: the layer is under `module`; 2: also a parameter of the wrapper; 3: under `_nni_wrapper` in the layer."""
    rest = {key: value for key, value in STATE.items() if key != "conv.weight"}
    inner = {"conv.module.weight": STATE["conv.weight"], "conv.weight_mask": MASK}
    third = {"conv._nni_wrapper.weight": STATE["conv.weight"], "conv._nni_wrapper.weight_mask": MASK}
    for state in (rest | inner, STATE | inner, STATE | third, {f"module.{k}": v for k, v in (STATE | third).items()}):
        error = refused(save(state, tmp_path))
        assert "holds the wrappers of an NNI pruner" in error.what
        assert "export_model" in error.do and "ModelSpeedup" in error.do
        assert "NNI" in refused(save(state, tmp_path), "auto").what


def test_a_network_that_distiller_quantised_is_refused(tmp_path: Path) -> None:
    content = {"state_dict": STATE, "arch": "x", "quantizer_metadata": {"type": "QuantAwareTrainRangeLinearQuantizer"}}
    error = refused(save(content, tmp_path))
    assert "Distiller has quantised" in error.what and "prepare_model()" in error.do


@pytest.mark.parametrize("spec", [ARCH, "auto"])
def test_a_weight_without_its_mask_is_refused(spec: str, tmp_path: Path) -> None:
    state = {"fc.weight_mask": MASKS["fc.weight"]} | STATE
    for name in ("conv", "fc"):
        state[f"{name}.weight_orig"] = state.pop(f"{name}.weight")
    error = refused(save(state, tmp_path), spec)
    assert "the mask of conv is missing: conv.weight_orig is there, conv.weight_mask is not" in error.what


@pytest.mark.parametrize("end", ["weight_mask", "popup_scores", "scores", "mask_weight", "aux_weight", "_weight_mask"])
def test_a_mask_without_its_weight_is_refused(end: str, tmp_path: Path) -> None:
    state = STATE | {f"conv.{end}": MASK}
    del state["conv.weight"]
    error = refused(save(state, tmp_path), keep=0.5)
    assert f"the weight of conv is missing: conv.{end} is there, conv.weight is not" in error.what


def test_a_bias_that_is_pruned_needs_both_halves(tmp_path: Path) -> None:
    state = STATE | {"fc.bias_orig": STATE["fc.bias"]}
    del state["fc.bias"]
    assert "the mask of fc is missing: fc.bias_orig is there" in refused(save(state, tmp_path)).what
    state = STATE | {"fc.bias_mask": torch.ones(5)}
    del state["fc.bias"]
    assert "the bias of fc is missing: fc.bias_mask is there" in refused(save(state, tmp_path)).what


def test_a_network_of_the_user_may_have_such_names_itself(tmp_path: Path) -> None:
    """Here `scores` that are used in the network's own way, and no fraction is needed."""
    scores = torch.randn(5, 256)
    path = save(STATE | {"fc.scores": scores}, tmp_path)
    assert "--keep" in refused(path).do
    effective = STATE | {"fc.weight": STATE["fc.weight"] / (1 + torch.exp(-scores))}
    for keep in (None, 0.5):
        model = check(path, effective, arch("with_own_scores"), keep)
        assert "loaded as they are stored" in model.notes[0]
        assert model.checkpoint.folded == () and model.checkpoint.keep is None
