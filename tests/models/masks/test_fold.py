"""Masks of an unknown method, and masks that do not fit their weights, are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.models.checks import NETWORK
from tests.models.reference_networks import REFERENCES, State
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model


def test_masks_of_an_unknown_method_are_refused_with_their_names(tmp_path: Path) -> None:
    state = REFERENCES[NETWORK].make(10, 3)
    state["conv1.weight_mask"] = torch.full_like(state["conv1.weight"], 0.5)
    torch.save(state, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"unexpected conv1\.weight_mask") as caught:
        load_model(tmp_path / "a.pt")
    assert "masks of a method that is not known here" in caught.value.do


def test_masks_that_do_not_fit_their_weights_are_refused(tmp_path: Path) -> None:
    damages: list[Callable[[State], object]] = [
        lambda s: s.update({"conv1.popup_scores": torch.rand(2, 2)}),
        lambda s: s.update({"conv1.mask_weight": torch.rand(7)}),
        lambda s: s.update({"conv1.aux_weight": torch.rand(3, 5), "conv1.mask": torch.ones(1)}),
        lambda s: s.update({"conv1.weight_orig": s.pop("conv1.weight"), "conv1.weight_mask": torch.ones(2, 8, 3, 3)}),
    ]
    for damage in damages:
        state = REFERENCES[NETWORK].make(10, 3)
        damage(state)
        torch.save(state, tmp_path / "a.pt")
        with pytest.raises(CheckpointError, match="masks do not fit its weights"):
            load_model(tmp_path / "a.pt", keep=0.5)
