"""torch's own masks, whole modules, masks of no known method, and every container with every prefix."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize, prune

from tests.models.reference import REFERENCES, State
from tests.models.test_published import NETWORK, check, prefixed, zeroed
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model

# torch's own


class Masked(nn.Module):
    """A parametrisation that multiplies by a mask."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        mask = self.mask
        assert isinstance(mask, Tensor)
        return weight * mask


def network() -> tuple[State, nn.Module]:
    """A state, and a live network of it to prune."""
    from thinice_tui.models.architectures.known import KNOWN

    state = REFERENCES[NETWORK].make(10, 3)
    live = KNOWN[NETWORK].make({key: tuple(value.shape) for key, value in state.items()})
    live.load_state_dict(state, assign=True)
    return state, live


@pytest.mark.parametrize("rounds", [1, 2])
def test_torch_prune(rounds: int, tmp_path: Path) -> None:
    """Weights and biases, by torch's own pruning; twice gives a container of methods and still one mask."""
    _, live = network()
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
    state, live = network()
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


def test_whole_modules_are_folded_too_when_trusted(tmp_path: Path) -> None:
    _, live = network()
    prune.l1_unstructured(live.get_submodule("conv1"), "weight", 0.5)  # type: ignore[no-untyped-call]
    torch.save({"model": live, "epoch": 3}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="would have to run code") as caught:
        load_model(tmp_path / "a.pt")
    assert "--trust-pickle" in caught.value.do
    model = load_model(tmp_path / "a.pt", trust=True)
    assert "CifarResNet" in model.arch and model.checkpoint.container == "model" and model.checkpoint.trusted
    layers = {layer.name: layer for layer in model.sparsity.layers}
    assert layers["conv1"].zeros == layers["conv1"].weights // 2
    assert "weight_orig" not in dict(model.network.get_submodule("conv1").named_parameters())


def test_structured_pruning_of_a_whole_module(tmp_path: Path) -> None:
    """As Torch-Pruning leaves it: layers with fewer channels, which only the module itself knows how to connect."""
    network = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 64, 4))
    torch.save(network, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt", trust=True)
    images = torch.rand(2, 3, 8, 8)
    assert torch.allclose(model.classifier()(images), network(images))
    assert model.sparsity.parameters == 3 * 5 * 9 + 5 + 5 * 64 * 4 + 4


def test_masks_of_an_unknown_method_are_named(tmp_path: Path) -> None:
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


# containers and prefixes


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "_orig_mod.", "basic_model.", "module._orig_mod.module."])
@pytest.mark.parametrize(
    "container",
    ["", "state_dict", "net", "model", "model_state_dict", "ema", "state_dict.model", "network", "checkpoint.x"],
)
def test_every_container_with_every_prefix(container: str, prefix: str, tmp_path: Path) -> None:
    state = zeroed(SMALL)
    content: object = prefixed(prefix, state)
    for key in reversed(container.split(".")):
        content = {key: content, "epoch": 3, "lr": 0.1, "name": "x"} if key else content
    torch.save(content, tmp_path / "a.pt")
    if container == "checkpoint.x":
        with pytest.raises(CheckpointError, match="no weights found in it"):
            load_model(tmp_path / "a.pt")
        return
    model = load_model(tmp_path / "a.pt")
    check(model, NETWORK, state)
    assert model.checkpoint.container == container


SMALL = REFERENCES[NETWORK].make(10, 3)
