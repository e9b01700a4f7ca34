"""Known architectures are recognised under any prefix, and nothing that may matter is left out."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import NETWORK, check, prefixed, save, zeroed
from tests.models.reference_networks import REFERENCES, State
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model

STATE = zeroed(REFERENCES[NETWORK].make(10, 3))
THOP = {"total_ops": torch.tensor([3.0]), "layer1.0.conv1.total_params": torch.tensor([3.0])}


def masked(state: State) -> State:
    """torch.nn.utils.prune: the dense weights and their masks."""
    dense = {key: value for key, value in state.items() if not key.startswith("layer1.0.conv1")}
    weight = state["layer1.0.conv1.weight"]
    dense["layer1.0.conv1.weight_orig"] = torch.where(weight == 0, torch.ones(()), weight)
    dense["layer1.0.conv1.weight_mask"] = (weight != 0).float()
    return dense


@pytest.mark.parametrize("arch", ["auto", "cifar_resnet18"])
@pytest.mark.parametrize(
    ("content", "note"),
    [
        (prefixed("backbone.", STATE), "prefix backbone. dropped"),
        (prefixed("module.encoder.resnet.", STATE), "prefix module.encoder.resnet. dropped"),
        (prefixed("backbone.", masked(STATE)), "prefix backbone. dropped"),
        (prefixed("model.", STATE) | {"criterion.weight": torch.rand(10, 10)}, "prefix model. dropped"),
        (prefixed("net.", STATE) | {"loss_fn.centers": torch.rand(10, 4)}, "no network reads it: loss_fn.centers"),
        (prefixed("module.", STATE) | {"n_averaged": torch.tensor(4)}, "no network reads it: n_averaged"),
        (STATE | THOP, "no network reads it: total_ops, layer1.0.conv1.total_params"),
        (STATE | {"temperature": torch.ones(1)}, "no network reads it: temperature"),
        (STATE | {"conv1.activation_post_process.max_val": torch.ones(())}, "conv1.activation_post_process.max_val"),
        ({key.replace("layer1.", "layer1.module."): value for key, value in STATE.items()}, "layer1.module.0"),
    ],
)
def test_a_known_architecture_under_a_prefix(content: State, note: str, arch: str, tmp_path: Path) -> None:
    model = load_model(save(content, tmp_path / "a.pt"), arch)
    check(model, NETWORK, STATE)
    assert any(note in one for one in model.notes), model.notes


def test_a_normalisation_under_a_prefix_stays_in_front(tmp_path: Path) -> None:
    constants = {"module.mean": torch.full((1, 3, 1, 1), 0.4), "module.std": torch.full((1, 3, 1, 1), 0.3)}
    model = load_model(save(prefixed("module.model.", STATE) | constants, tmp_path / "a.pt"))
    assert model.normalization is not None and model.normalization.mean == (0.4, 0.4, 0.4)
    check(model, NETWORK, STATE)


@pytest.mark.parametrize("arch", ["auto", "cifar_resnet18"])
def test_another_head_beside_the_network_is_refused_by_name(arch: str, tmp_path: Path) -> None:
    content = prefixed("backbone.", STATE) | {"projection_head.0.weight": torch.rand(4, 64)}
    with pytest.raises(CheckpointError) as caught:
        load_model(save(content, tmp_path / "a.pt"), arch)
    assert "projection_head.0.weight" in caught.value.what and "under backbone." in caught.value.what
    if arch == "auto":
        words = (
            "its names under backbone. are those of cifar_resnet18, but others are left over: projection_head.0.weight"
        )
        assert words in caught.value.what


def test_a_missing_head_is_said_with_the_prefix(tmp_path: Path) -> None:
    content = prefixed("backbone.", {key: value for key, value in STATE.items() if not key.startswith("linear")})
    content |= {"fc2.weight": torch.rand(10, 64), "fc2.bias": torch.rand(10)}
    with pytest.raises(CheckpointError) as caught:
        load_model(save(content, tmp_path / "a.pt"))
    assert (
        "under backbone., with 4 differences: missing linear.weight, linear.bias; unexpected fc2" in caught.value.what
    )
