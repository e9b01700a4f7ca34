"""A state that fits no architecture is refused with the closest one and what differs."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import save
from tests.models.reference_networks import REFERENCES
from thinice_tui.errors import CheckpointError
from thinice_tui.models.load import load_model


def test_removed_channels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    state["layer2.1.conv1.weight"] = state["layer2.1.conv1.weight"][:11]
    with pytest.raises(CheckpointError, match="do not fit one another"):
        load_model(save(state, tmp_path / "a.pt"))


def test_the_closest_architecture_is_named_with_its_differences(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    state["layer1.0.se.weight"] = torch.zeros(3, 3)
    del state["layer4.1.bn2.running_var"]
    with pytest.raises(CheckpointError) as caught:
        load_model(save(state, tmp_path / "a.pt"))
    what = caught.value.what
    assert "the closest is cifar_resnet18, with 2 differences" in what
    assert "missing layer4.1.bn2.running_var; unexpected layer1.0.se.weight" in what


def test_a_stem_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    state = REFERENCES["torchvision_resnet18"].make(10, 3)
    state["conv1.weight"] = state["conv1.weight"][:, :, :5, :5].clone()
    with pytest.raises(CheckpointError, match=r"closest is torchvision_resnet18.*conv1.weight is 8×3×5×5, expected"):
        load_model(save(state, tmp_path / "a.pt"))


def test_a_wrong_known_name_is_refused_with_the_differences(tmp_path: Path) -> None:
    path = save(REFERENCES["cifar_resnet18"].make(10, 3), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"does not fit the architecture preact_resnet18: unexpected bn1.weight"):
        load_model(path, "preact_resnet18")


def test_a_state_like_no_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"fit none of the known architectures; none is close"):
        load_model(save({"embed.weight": torch.zeros(5, 4), "out.weight": torch.zeros(4, 5)}, tmp_path / "a.pt"))
