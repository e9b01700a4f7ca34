"""Masks beside the weights in one file are folded in, in every layout; what fits no weight is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.models.masks.small_network import ARCH, WEIGHTS, State, check, make, make_masks, masked, refused, save
from tests.refused_files import refused as refused_without_harm
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model
from thinice_tui.models.masks.beside import masks_beside
from thinice_tui.models.masks.fold import fold_masks

STATE = make()
MASKS = make_masks(STATE)
CONV, FC = WEIGHTS


def renamed(masks: State, prefix: str = "", suffix: str = "") -> State:
    return {f"{prefix}{name}{suffix}": mask for name, mask in masks.items()}


def flyingbird() -> dict[str, object]:
    """As Masking.get_info_resume saves it: names are numbered by the parameters, and other numbers are beside."""
    return {
        "lossinfo": [0.5],
        "masks": {f"{CONV}_0": MASKS[CONV], f"{FC}_2": MASKS[FC]},
        "name2death_rate": {f"{CONV}_0": 0.5},
        "decay": ({"state": {}, "param_groups": [{"lr": 0.5}]}, {"T_max": 3}),
    }


LAYOUTS: dict[str, object] = {
    "mask": {"state_dict": STATE, "mask": MASKS},
    "masks": {"model": STATE, "masks": MASKS, "epoch": 3},
    "beside the prefix of a wrapper": {"state_dict": STATE, "masks": renamed(MASKS, "module.")},
    "the weights have the prefix": {"state_dict": renamed(STATE, "module."), "mask_info": MASKS},
    "another wrapper's prefix": {"state_dict": STATE, "masks": renamed(MASKS, "student.")},
    "FlyingBird": {"state_dict": renamed(STATE, "module."), "mask_info": flyingbird(), "result": {"train_acc": []}},
    "Distiller": {
        "state_dict": STATE,
        "compression_sched": {"masks_dict": {**dict.fromkeys(STATE), **MASKS}},
        "extras": {"best_top1": 80.0},
    },
    "Distiller's extras": {"state_dict": STATE, "extras": {"masks_dict": MASKS}},
    "NNI's mask file": {"model": STATE, "masks": {key[:-7]: {"weight": MASKS[key], "bias": None} for key in MASKS}},
    "by layers": {"state_dict": STATE, "masks": {key[:-7]: MASKS[key] for key in MASKS}},
    "named as masks": {"state_dict": STATE, "masks": renamed(MASKS, suffix="_mask")},
    "in order": {"state_dict": STATE, "masks": [MASKS[CONV], MASKS[FC]]},
    "deep": {"checkpoint": 1, "state_dict": STATE, "pruning": {"info": {"weight_masks": MASKS}}},
    "in the state dict": STATE | {"masks": MASKS},
    "in a wrapped state dict": renamed(STATE, "module.") | {"masks": MASKS},
    "by another name": {"state_dict": STATE, "ticket": {key: mask.bool() for key, mask in MASKS.items()}},
    "a sparsifier": {"model": STATE, "sparsifier": {"state": {key: {"mask": MASKS[key]} for key in MASKS}}},
}


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_masks_beside_the_weights(layout: str, tmp_path: Path) -> None:
    model = check(save(LAYOUTS[layout], tmp_path), masked(STATE, MASKS))
    assert len(model.checkpoint.folded) == 1 and "× their masks in" in model.checkpoint.folded[0]
    assert 0.3 < model.sparsity.conv_linear < 0.5


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.float64])
def test_masks_of_any_type_of_numbers(dtype: torch.dtype, tmp_path: Path) -> None:
    content = {"state_dict": STATE, "masks": {key: mask.to(dtype) for key, mask in MASKS.items()}}
    check(save(content, tmp_path), masked(STATE, MASKS))


def test_masks_of_some_layers_of_filters_and_in_sparse_tensors(tmp_path: Path) -> None:
    filters = torch.tensor([1.0, 0, 0, 1]).view(4, 1, 1, 1)
    content = {"state_dict": STATE, "masks": {CONV: filters, FC: MASKS[FC].to_sparse()}}
    check(save(content, tmp_path), masked(STATE, {CONV: filters.expand(4, 3, 3, 3), FC: MASKS[FC]}))
    check(save({"state_dict": STATE, "masks": {FC: MASKS[FC]}}, tmp_path), masked(STATE, {FC: MASKS[FC]}))


def test_masks_in_order_may_leave_weights_out(tmp_path: Path) -> None:
    """As RigL's scheduler has them: None for a layer that stays dense."""
    content = {"model": STATE, "scheduler": {"step": 3, "backward_masks": [None, MASKS[FC]]}}
    check(save(content, tmp_path), masked(STATE, {FC: MASKS[FC]}))


NO_MASKS: dict[str, object] = {
    "a new batch norm": {"fc.weight": torch.ones(5), "fc.bias": torch.zeros(5)},
    "an optimiser's": {"state": {0: {"momentum_buffer": torch.ones(4, 3, 3, 3)}}, "param_groups": [{"lr": 0.1}]},
    "names of no weight": {"a.b": torch.ones(4, 3, 3, 3)},
    "nothing but zeros": {CONV: torch.zeros(4, 3, 3, 3), FC: torch.zeros(5, 256)},
    "of any claimed size": {CONV: torch.ones(1, 1).expand(10**7, 10**6)},
}


@pytest.mark.parametrize("kind", list(NO_MASKS))
def test_other_zeros_and_ones_are_no_masks(kind: str) -> None:
    folded = fold_masks(STATE, {"beside": NO_MASKS[kind]}, None, None, "a.pt")
    assert folded.notes == () and all(torch.equal(folded.state[key], STATE[key]) for key in STATE)


@pytest.mark.parametrize("sparse", [True, False])
def test_masks_that_claim_terabytes_are_refused_at_once(sparse: bool, tmp_path: Path) -> None:
    shape = (10**7, 10**6)
    mask = torch.sparse_coo_tensor(torch.zeros(2, 1, dtype=torch.int64), [1.0], shape, check_invariants=True)
    path = save({"state_dict": STATE, "masks": {CONV: mask if sparse else torch.ones(1, 1).expand(shape)}}, tmp_path)
    error = refused_without_harm(lambda: load_model(path, ARCH), CheckpointError, 4 * 2**30)
    assert "the mask of conv.weight is (10000000, 1000000)" in error.what


def test_arrays_are_masks_too() -> None:
    (found,) = masks_beside({"masks": {CONV: np.array([[True, False]])}, "args": {"mask_ratio": 0.5, "mask": None}})
    assert found.where == "masks" and found.named[CONV].tolist() == [[1, 0]]


def test_a_weight_under_two_names_is_masked_under_both(tmp_path: Path) -> None:
    """As named_parameters names a tied weight once, and the state dict twice."""
    weight, mask = torch.randn(6, 6), (torch.rand(6, 6) < 0.5).float()
    (tmp_path / "tied.py").write_text(
        "from torch import nn\n"
        "def tied():\n"
        "    net = nn.Sequential(nn.Linear(6, 6, bias=False), nn.ReLU(), nn.Linear(6, 6, bias=False))\n"
        "    net[2].weight = net[0].weight\n"
        "    return net\n"
    )
    path = save({"state_dict": {"0.weight": weight, "2.weight": weight}, "masks": {"0.weight": mask}}, tmp_path)
    model = load_model(path, f"{tmp_path}/tied.py:tied")
    images = torch.rand(2, 6)
    expected = (images @ (weight * mask).T).clamp(min=0) @ (weight * mask).T
    assert torch.allclose(model.network(images), expected, atol=1e-5)


class Whole(nn.Module):
    """A whole module to be saved with masks beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(12, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.fc(x.flatten(1))
        return logits


def test_masks_beside_a_whole_module(tmp_path: Path) -> None:
    whole, mask = Whole(), torch.rand(3, 12) < 0.5
    expected = torch.where(mask, whole.fc.weight.detach().clone(), 0)
    model = load_model(save({"model": whole, "masks": {"fc.weight": mask}}, tmp_path), trust=True)
    assert torch.equal(model.network.get_parameter("fc.weight"), expected)
    assert model.sparsity.conv_linear == pytest.approx(float((~mask).float().mean()))
    path = save({"model": whole, "masks": {"fc9.weight": mask}}, tmp_path)
    with pytest.raises(Exception, match=r"the masks in masks do not fit .* the mask of fc9.weight fits no weight"):
        load_model(path, trust=True)


REFUSED: dict[str, tuple[object, str]] = {
    "an unknown name": ({CONV: MASKS[CONV], "conv9.weight": MASKS[FC]}, "the mask of conv9.weight fits no weight"),
    "another shape": ({CONV: torch.ones(3)}, "the mask of conv.weight is (3,), its weight (4, 3, 3, 3)"),
    "a larger shape": ({CONV: torch.ones(2, 4, 3, 3, 3)}, "the mask of conv.weight is (2, 4, 3, 3, 3)"),
    "real numbers": ({CONV: torch.full((4, 3, 3, 3), 0.5)}, "the mask of conv.weight is not of zeros and ones"),
    "complex numbers": ({CONV: torch.ones(4, 3, 3, 3) + 0j}, "the mask of conv.weight is not of zeros and ones"),
    "too few in order": ([MASKS[CONV]], "1 masks for 2 Conv and Linear weights"),
    "one without a name": (torch.ones(4, 3, 3, 3), "the mask of masks fits no weight"),
    "two for one weight": ({"conv": MASKS[CONV], CONV: MASKS[CONV]}, "several masks are for one weight"),
}


@pytest.mark.parametrize("kind", list(REFUSED))
def test_masks_that_fit_no_weight_are_refused(kind: str, tmp_path: Path) -> None:
    masks, message = REFUSED[kind]
    error = refused(save({"state_dict": STATE, "masks": masks}, tmp_path))
    assert f"the masks in masks do not fit its weights: {message}" in error.what
    assert "save the file without masks" in error.do


def test_masks_whose_ones_are_the_removed_weights_are_refused(tmp_path: Path) -> None:
    swapped = {key: 1 - mask for key, mask in MASKS.items()}
    error = refused(save({"state_dict": masked(STATE, MASKS), "masks": swapped}, tmp_path))
    assert "the mask of conv.weight removes all that is not zero" in error.what


def test_another_networks_masks_are_left_alone(tmp_path: Path) -> None:
    """A teacher's or a moving average's state dict has its own masks."""
    teacher = {**STATE, "conv.weight_mask": MASKS[CONV]}
    model = check(save({"state_dict": STATE, "teacher": teacher, "mask_ratio": 0.5, "masks": None}, tmp_path), STATE)
    assert model.checkpoint.folded == ()


def test_a_prefix_that_could_mean_two_weights_is_refused() -> None:
    state = {"a.fc.weight": torch.ones(2, 2), "b.fc.weight": torch.ones(2, 2)}
    with pytest.raises(CheckpointError, match=r"mask of fc.weight fits several weights: a.fc.weight, b.fc.weight"):
        fold_masks(state, {"masks": {"fc.weight": torch.ones(2, 2)}}, None, None, "a.pt")


def test_masks_of_lists_are_folded_or_refused(tmp_path: Path) -> None:
    masks = {
        name: (torch.arange(value.numel()) % 3 > 0).view_as(value).float()
        for name, value in STATE.items()
        if value.ndim > 1
    }
    effective = {name: value * masks[name] if name in masks else value for name, value in STATE.items()}
    for content in (
        (STATE, masks),
        [STATE, masks],
        {"model": STATE, "stuff": [masks]},
        {"model": STATE, "masks": [masks]},
    ):
        check(save(content, tmp_path), effective)
    for unknown in (
        [masks, masks],
        [[mask] for mask in masks.values()],
        list(masks.items()),
        {name: mask.tolist() for name, mask in masks.items()},
    ):
        refused(save({"model": STATE, "masks": unknown}, tmp_path))


def test_two_different_sets_of_masks_are_refused(tmp_path: Path) -> None:
    first = {
        name: (torch.arange(value.numel()) % 3 > 0).view_as(value).float()
        for name, value in STATE.items()
        if value.ndim > 1
    }
    other = {name: mask.flip(0) for name, mask in first.items()}
    error = refused(save({"model": STATE, "masks_90": first, "masks_95": other}, tmp_path))
    assert "masks_90 and masks_95 hold different masks of" in error.what
    harder = {name: mask * other[name] for name, mask in first.items()}
    effective = {name: value * harder[name] if name in harder else value for name, value in STATE.items()}
    check(save({"model": STATE, "masks_90": first, "masks_95": harder}, tmp_path), effective)
