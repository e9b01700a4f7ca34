"""Weights are found in every container and under every prefix of published code."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import NETWORK, check, prefixed, zeroed
from tests.models.reference_networks import REFERENCES
from thinice_tui.models.load import load_model

SMALL = REFERENCES[NETWORK].make(10, 3)


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "_orig_mod.", "basic_model.", "module._orig_mod.module."])
@pytest.mark.parametrize(
    "container",
    ["", "state_dict", "net", "model", "model_state_dict", "ema", "state_dict.model", "network", "checkpoint.x"],
)
def test_weights_are_found_in_every_container_under_every_prefix(container: str, prefix: str, tmp_path: Path) -> None:
    state = zeroed(SMALL)
    content: object = prefixed(prefix, state)
    for key in reversed(container.split(".")):
        content = {key: content, "epoch": 3, "lr": 0.1, "name": "x"} if key else content
    torch.save(content, tmp_path / "a.pt")
    model = load_model(tmp_path / "a.pt")
    check(model, NETWORK, state)
    assert model.checkpoint.container == container


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
