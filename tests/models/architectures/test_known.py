"""Networks are recognised by names and shapes, in any width, and with removed channels."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import check_same, save
from tests.models.reference_networks import REFERENCES, wide
from thinice_tui.models.architectures.known import KNOWN, recognise
from thinice_tui.models.load import load_model


@pytest.mark.parametrize("name", ["cifar_resnet18", "preact_resnet18", "wide_resnet_28_4", "vgg16_mad", "vgg16_pwoa"])
@pytest.mark.parametrize(("classes", "channels"), [(2, 1), (100, 3), (7, 4)])
def test_classes_and_input_channels_are_read(name: str, classes: int, channels: int, tmp_path: Path) -> None:
    state = REFERENCES[name].make(classes, channels)
    check_same(save(state, tmp_path / "a.pt"), state, name, channels)


def test_every_standard_network_is_recognised_by_its_own_name() -> None:
    for name, known in KNOWN.items():
        state = {key: torch.empty(value.shape, device="meta") for key, value in known.make().state_dict().items()}
        found = recognise(state)
        assert found is not None and found.name == name


def test_an_unusual_width_is_part_of_the_name(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    assert load_model(save(state, tmp_path / "a.pt")).arch == "cifar_resnet18 (0.125 × its width)"
    narrow = wide("wide_resnet_28_4", 28, 2).make(10, 3)
    assert load_model(save(narrow, tmp_path / "b.pt")).arch == "wide_resnet_28_4 (0.5 × its width)"


def test_removed_channels_are_read_from_the_shapes(tmp_path: Path) -> None:
    """A block with five inner channels removed computes the same as with these channels at zero."""
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    kept, removed = torch.arange(5, 16), torch.arange(5)
    cut, zeroed = dict(state), dict(state)
    cut["layer2.1.conv1.weight"] = state["layer2.1.conv1.weight"][kept]
    cut["layer2.1.conv2.weight"] = state["layer2.1.conv2.weight"][:, kept]
    for part in ("weight", "bias", "running_mean", "running_var"):
        cut[f"layer2.1.bn1.{part}"] = state[f"layer2.1.bn1.{part}"][kept]
    zeroed["layer2.1.conv2.weight"] = state["layer2.1.conv2.weight"].clone()
    zeroed["layer2.1.conv2.weight"][:, removed] = 0
    check_same(save(cut, tmp_path / "a.pt"), zeroed, "cifar_resnet18")
    assert load_model(tmp_path / "a.pt").arch == "cifar_resnet18 (channels removed)"
