"""Residual networks of three stages are recognised by the kind of their shortcuts, and compute their formula."""

import re
from pathlib import Path

import pytest

from tests.models.checks import check_same, check_variant, save
from tests.models.reference_networks import REFERENCES, VARIANTS
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model

THREE_STAGES = [name for name in REFERENCES if re.match(r"cifar_resnet(20|32|44|56|110)", name)]


@pytest.mark.parametrize("name", THREE_STAGES)
def test_a_network_is_recognised_and_computes_the_published_formula(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, name)


@pytest.mark.parametrize("name", [name for name in VARIANTS if name.endswith("zeros_last")])
def test_zeros_after_the_old_channels(name: str, tmp_path: Path) -> None:
    check_variant(VARIANTS[name], tmp_path / "a.pt")


def test_a_narrower_second_layer_is_read_from_the_shapes(tmp_path: Path) -> None:
    """A block with five inner channels removed computes the same as with these channels at zero."""
    state = REFERENCES["cifar_resnet20"].make(10, 3)
    cut, zeroed = dict(state), dict(state)
    cut["layer2.0.conv1.weight"] = state["layer2.0.conv1.weight"][5:]
    for part in ("weight", "bias", "running_mean", "running_var"):
        cut[f"layer2.0.bn1.{part}"] = state[f"layer2.0.bn1.{part}"][5:]
    cut["layer2.0.conv2.weight"] = state["layer2.0.conv2.weight"][:, 5:]
    zeroed["layer2.0.conv2.weight"] = state["layer2.0.conv2.weight"].clone()
    zeroed["layer2.0.conv2.weight"][:, :5] = 0
    check_same(save(cut, tmp_path / "a.pt"), zeroed, "cifar_resnet20")


def test_widths_that_shortcuts_without_parameters_cannot_join_are_refused(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet20"].make(10, 3)
    for block in range(3):  # the second stage keeps 24 of its 32 channels, the first one all 16
        at = f"layer2.{block}"
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{at}.bn2.{part}"] = state[f"{at}.bn2.{part}"][:24]
        state[f"{at}.conv2.weight"] = state[f"{at}.conv2.weight"][:24]
        if block:
            state[f"{at}.conv1.weight"] = state[f"{at}.conv1.weight"][:, :24]
    state["layer3.0.conv1.weight"] = state["layer3.0.conv1.weight"][:, :24]
    with pytest.raises(CheckpointError, match=r"cifar_resnet20.*do not fit one another"):
        load_model(save(state, tmp_path / "a.pt"))
