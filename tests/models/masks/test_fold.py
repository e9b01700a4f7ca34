"""Masks of an unknown method, and masks that do not fit their weights, are refused; whatever a file holds."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.checks import NETWORK
from tests.models.reference_networks import REFERENCES, State
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model
from thinice_tui.models.masks.fold import FOLDS, fold_masks


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


LAYERS = ("", "conv", "layer1.0.conv", "module.conv")
PARTS = (
    "weight", "bias", "weight_orig", "weight_mask", "bias_orig", "bias_mask", "mask", "_weight_mask", "popup_scores",
    "scores", "k_score", "mask_weight", "mask_bias", "aux_weight", "weight_g", "weight_v", "weight_u", "module.weight",
    "parametrizations.weight.original", "parametrizations.weight.original0", "parametrizations.weight.original1",
    "parametrizations.weight.0.mask", "parametrizations.weight.1.mask", "parametrizations.weight.0._u",
)  # fmt: skip
SHAPES = ((4, 3, 3, 3), (4, 3), (4,), (), (1, 3, 1, 1), (4, 1, 1, 1), (4, 3, 1, 1), (4, 4), (0, 3))
DTYPES = (torch.float32, torch.float16, torch.float64, torch.int64, torch.bool, torch.uint8, torch.complex64)

names = st.builds(
    lambda layer, part: f"{layer}.{part}" if layer else part, st.sampled_from(LAYERS), st.sampled_from(PARTS)
)
tensors = st.builds(
    lambda shape, seed, binary, dtype: (
        (torch.randn(shape, generator=torch.Generator().manual_seed(seed)) > 0).float()
        if binary
        else torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    ).to(dtype),
    st.sampled_from(SHAPES),
    st.integers(0, 9),
    st.booleans(),
    st.sampled_from((torch.float32,) * 5 + DTYPES),
)
values = st.recursive(
    tensors | st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(names | st.sampled_from(["mask", "masks"]), inner, max_size=3)
    ),
    max_leaves=4,
)


@settings(max_examples=100, deadline=None)
@given(
    state=st.dictionaries(names, tensors, min_size=1, max_size=6),
    about=st.dictionaries(st.sampled_from(["mask", "masks", "mask_info", "sparsifier"]), values, max_size=2),
    keep=st.sampled_from([None, 0.1, 0.5, 1.0]),
)
def test_any_names_and_shapes_end_in_weights_or_a_message(
    state: State, about: dict[str, object], keep: float | None
) -> None:
    before = {key: value.clone() for key, value in state.items()}
    try:
        found = fold_masks(state, about, keep, None, "a.pt")
    except CheckpointError as error:
        assert error.what.startswith("a.pt: ") and error.do
        return
    assert all(torch.equal(state[key], value) for key, value in before.items()), "the file's tensors are as they were"
    if found.refusal is not None:
        assert found.refusal.what.startswith("a.pt: ") and found.refusal.do and found.state.keys() == state.keys()
        return
    for fold in FOLDS:
        assert fold(found.state)[1] == "", "nothing is left to be folded"
