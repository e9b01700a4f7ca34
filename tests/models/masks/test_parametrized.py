"""Parametrised weights: masks and weight norms are folded in, and what a file does not hold is refused."""

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.ao.pruning.sparsifier.weight_norm_sparsifier import WeightNormSparsifier
from torch.nn.utils import parametrizations, parametrize, prune, spectral_norm, weight_norm

from tests.commands.calling import call, check_refused
from tests.models.checks import NETWORK, live_network
from tests.models.checks import check as check_known
from tests.models.masks.small_network import (
    Masked,
    arch,
    check,
    make,
    make_masks,
    masked,
    network,
    refused,
    save,
)
from thinice_tui.models.load import load_model

STATE = make()
MASKS = make_masks(STATE)


def live() -> nn.Sequential:
    made = network()
    made.load_state_dict(STATE)
    return made


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
    check_known(load_model(tmp_path / "a.pt"), NETWORK, effective)


def sparsified() -> tuple[nn.Module, WeightNormSparsifier]:
    """The network with the masks of torch.ao.pruning, which are not in its state dict."""
    made = live()
    sparsifier = WeightNormSparsifier(sparsity_level=0.5, sparse_block_shape=(1, 1))
    sparsifier.prepare(made, [{"tensor_fqn": "fc.weight"}])  # type: ignore[no-untyped-call]
    sparsifier.step()
    return made, sparsifier


@pytest.mark.parametrize("spec", [arch("network"), arch("with_unsaved_masks"), "auto"])
def test_a_sparsifiers_masks_are_missing_before_squash_mask(spec: str, tmp_path: Path) -> None:
    """Also where the network of --arch has masks itself: the file's are not in it, and all others are wrong."""
    made, _ = sparsified()
    state = made.state_dict()
    assert [key for key in state if "parametrizations" in key] == ["fc.parametrizations.weight.original"]
    error = refused(save(state, tmp_path), spec)
    assert "fc.weight is parametrised, and the file does not hold what its parametrisation does" in error.what
    assert "squash_mask()" in error.do and "remove_parametrizations" in error.do
    result = call("inspect", tmp_path / "a.pt", "--arch", spec)
    check_refused(result, "the masks of torch.ao.pruning are not saved before squash_mask()", "call sparsifier.squash_")


def test_a_sparsifiers_masks_after_squash_mask_and_beside_the_weights(tmp_path: Path) -> None:
    made, sparsifier = sparsified()
    before = made.state_dict()
    mask = sparsifier.state["fc.weight"]["mask"]
    effective = masked(STATE, {"fc.weight": mask})
    sparsifier.squash_mask()
    check(save(made.state_dict(), tmp_path), effective)
    found = check(save({"model": before, "sparsifier": {"state": {"fc.weight": {"mask": mask}}}}, tmp_path), effective)
    assert found.checkpoint.folded == ("1 weights × their masks in sparsifier.state",)


class Halved(nn.Module):
    """A parametrisation without state."""

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight / 2


@pytest.mark.parametrize("first", [True, False])
def test_a_parametrisation_without_state_is_refused(first: bool, tmp_path: Path) -> None:
    """Alone and before a mask; after a mask it leaves no trace in the file."""
    made = live()
    parametrize.register_parametrization(made.get_submodule("fc"), "weight", Halved())
    if not first:
        parametrize.register_parametrization(made.get_submodule("fc"), "weight", Masked(MASKS["fc.weight"]))
    error = refused(save(made.state_dict(), tmp_path))
    assert "fc.weight is parametrised, and the file does not hold" in error.what


def test_a_network_of_the_user_with_a_saved_parametrisation_is_loaded_as_it_is(tmp_path: Path) -> None:
    made = live()
    parametrize.register_parametrization(made.get_submodule("fc"), "weight", Masked(MASKS["fc.weight"]))
    effective = masked(STATE, {"fc.weight": MASKS["fc.weight"]})
    path = save(made.state_dict(), tmp_path)
    check(path, effective)
    model = check(path, effective, arch("with_masks"))
    assert "fc.parametrizations.weight.0.mask" in model.network.state_dict()
    assert "loaded as they are stored" in model.notes[0] and model.checkpoint.folded == ()


@pytest.mark.parametrize("dim", [0, 1, None])
@pytest.mark.parametrize("old", [True, False])
def test_weight_norm(old: bool, dim: int | None, tmp_path: Path) -> None:
    made = live()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        for name in ("conv", "fc"):
            (weight_norm if old else parametrizations.weight_norm)(made.get_submodule(name), "weight", dim)  # type: ignore[arg-type]
    state = {key: 1.5 * value for key, value in made.state_dict().items()}
    g, v = ("weight_g", "weight_v") if old else (f"parametrizations.weight.original{i}" for i in range(2))
    effective = dict(STATE) | {key: value for key, value in state.items() if key in STATE}
    for name in ("conv", "fc"):
        length, direction = state[f"{name}.{g}"], state[f"{name}.{v}"]
        over = [place for place in range(direction.ndim) if place != dim]
        effective[f"{name}.weight"] = direction * length / (direction**2).sum(over, keepdim=True).sqrt()
    model = check(save(state, tmp_path), effective)
    assert "2 weight norms" in model.checkpoint.folded[0]


def test_a_pruned_weight_norm(tmp_path: Path) -> None:
    """torch.nn.utils.prune on the direction, and a mask on the product."""
    made = live()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        weight_norm(made.get_submodule("fc"))
    prune.custom_from_mask(made.get_submodule("fc"), "weight_v", MASKS["fc.weight"])  # type: ignore[no-untyped-call]
    parametrizations.weight_norm(made.get_submodule("conv"))
    parametrize.register_parametrization(made.get_submodule("conv"), "weight", Masked(MASKS["conv.weight"]))
    direction = STATE["fc.weight"] * MASKS["fc.weight"]
    full, own = ((value**2).sum(1, keepdim=True).sqrt() for value in (STATE["fc.weight"], direction))
    effective = masked(STATE, MASKS) | {"fc.weight": direction * full / own}
    check(save(made.state_dict(), tmp_path), effective)


class Scaled(nn.Module):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.register_buffer(name, torch.full((5, 256), 0.5))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        scale = getattr(self, self.name)
        assert isinstance(scale, torch.Tensor)
        return weight * scale


class Twofold(nn.Module):
    def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return one + other

    def right_inverse(self, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return weight / 2, weight / 2


def parametrised(module: nn.Module) -> Callable[[nn.Module], object]:
    return lambda layer: parametrize.register_parametrization(layer, "weight", module)


UNKNOWN: dict[str, tuple[Callable[[nn.Module], object], str]] = {
    "spectral": (parametrizations.spectral_norm, "fc.weight is a spectral norm"),
    "old spectral": (spectral_norm, "fc.weight is a spectral norm"),
    "orthogonal": (parametrizations.orthogonal, "fc.weight is an orthogonal weight"),
    "scale": (parametrised(Scaled("scale")), "fc.weight is parametrised in a way that is not known here"),
    "real mask": (parametrised(Scaled("mask")), "the mask of fc.weight is not of zeros and ones"),
    "of two": (parametrised(Twofold()), "which is no weight norm"),
}


@pytest.mark.parametrize("kind", list(UNKNOWN))
def test_other_parametrisations_are_refused_by_name(kind: str, tmp_path: Path) -> None:
    change, message = UNKNOWN[kind]
    made = live()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        change(made.get_submodule("fc"))
    error = refused(save(made.state_dict(), tmp_path))
    assert message in error.what, error.what
    if kind in ("spectral", "orthogonal", "scale"):
        assert "torch.nn.utils.parametrize.remove_parametrizations(module, 'weight')" in error.do
    if kind == "old spectral":
        assert "remove_spectral_norm" in error.do
