"""Networks are recognised by names and shapes, in any width, and with removed channels."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.models.checks import check_same, save
from tests.models.reference_networks import REFERENCES, wide
from thinice_tui.models.architectures.architecture import Architecture
from thinice_tui.models.architectures.known import CLOSE, KNOWN, known_names, nearest, recognise
from thinice_tui.models.architectures.layers import NOTHING, Shapes
from thinice_tui.models.load import load_model


@pytest.mark.parametrize("name", ["cifar_resnet18", "preact_resnet18", "wide_resnet_28_2", "vgg16_mad", "vgg16_pwoa"])
@pytest.mark.parametrize(("classes", "channels"), [(2, 1), (100, 3), (7, 4)])
def test_classes_and_input_channels_are_read(name: str, classes: int, channels: int, tmp_path: Path) -> None:
    state = REFERENCES[name].make(classes, channels)
    check_same(save(state, tmp_path / "a.pt"), state, name, channels)


def test_every_standard_network_is_recognised_by_its_own_name() -> None:
    for name, known in KNOWN.items():
        if known.variant_of:
            continue
        found = recognise(known.make().state_dict())
        assert found is not None and found.name == name


def test_an_unusual_width_is_part_of_the_name(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    assert load_model(save(state, tmp_path / "a.pt")).arch == "cifar_resnet18 (0.125 × its width)"
    narrow = wide("wide_resnet_28_1", 28, 1, base=8).make(10, 3)
    assert load_model(save(narrow, tmp_path / "b.pt")).arch == "wide_resnet_28_1 (0.5 × its width)"


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


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the architectures of which networks are built from now on."""
    names: list[str] = []
    make = Architecture.make

    def counted(known: Architecture, shapes: Shapes = NOTHING, classes: int = 10) -> nn.Module:
        names.append(known.name)
        return make(known, shapes, classes)

    monkeypatch.setattr(Architecture, "make", counted)
    return names


@pytest.mark.parametrize("name", ["torchvision_resnet101", "cifar_resnet18", "wide_resnet_34_10", "cifar_resnet110"])
def test_few_networks_are_built_to_recognise_one(name: str, built: list[str]) -> None:
    state = KNOWN[name].make().state_dict()
    recognise(state)
    built.clear()
    assert recognise(state) is KNOWN[name] and built == [name]


def test_few_networks_are_built_to_find_the_closest(built: list[str]) -> None:
    state = {f"layer3.{key}": value for key, value in KNOWN["cifar_resnet20"].make().state_dict().items()}
    nearest(state)
    built.clear()
    nearest(state)
    assert len(built) <= CLOSE


def test_unknown_names_and_the_names_for_messages() -> None:
    with pytest.raises(KeyError):
        KNOWN["resnet9000"]
    names = known_names()
    for part in ("cifar_resnet18/20/32/34/44/50/56/101/110/152, ", "resnext50_32x4d, ", ", wide_resnet_DEPTH_WIDTH, "):
        assert part in names
    assert "maxpool" not in names and names.endswith("(depth 6n + 4)") and len(KNOWN) == len(list(KNOWN))
