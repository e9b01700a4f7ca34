"""Networks are recognised by names and shapes alone, in any width, and compute what their papers say."""

from pathlib import Path

import pytest
import torch

from tests.models.reference import REFERENCES, State, wide
from thinice_tui.errors import CheckpointError
from thinice_tui.models.architectures.known import KNOWN, recognise
from thinice_tui.models.load import load_model


def save(state: State, path: Path) -> Path:
    torch.save(state, path)
    return path


def check_same(path: Path, state: State, name: str, channels: int = 3) -> None:
    """The file is recognised, and the classifier gives the formula's logits."""
    model = load_model(path)
    assert model.arch.partition(" ")[0] == name
    images = torch.rand(2, channels, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = model.classifier()(images)
    assert torch.allclose(found, REFERENCES[name].logits(state, images), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", list(REFERENCES))
def test_a_network_is_recognised_in_any_width_and_computes_the_published_formula(name: str, tmp_path: Path) -> None:
    state = REFERENCES[name].make(10, 3)
    check_same(save(state, tmp_path / "a.pt"), state, name)


@pytest.mark.parametrize("name", ["cifar_resnet18", "preact_resnet18", "wide_resnet_28_4", "vgg16_mad", "vgg16_pwoa"])
@pytest.mark.parametrize(("classes", "channels"), [(2, 1), (100, 3), (7, 4)])
def test_classes_and_input_channels_are_read(name: str, classes: int, channels: int, tmp_path: Path) -> None:
    state = REFERENCES[name].make(classes, channels)
    check_same(save(state, tmp_path / "a.pt"), state, name, channels)


def test_every_known_name_is_recognised_in_its_standard_widths_by_exactly_that_name() -> None:
    for name, known in KNOWN.items():
        state = {key: torch.empty(value.shape, device="meta") for key, value in known.make().state_dict().items()}
        found = recognise(state)
        assert found is not None and found.name == name


def test_a_width_is_said(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    assert load_model(save(state, tmp_path / "a.pt")).arch == "cifar_resnet18 (0.125 × its width)"
    narrow = wide("wide_resnet_28_4", 28, 2).make(10, 3)
    assert load_model(save(narrow, tmp_path / "b.pt")).arch == "wide_resnet_28_4 (0.5 × its width)"


def test_an_unused_first_stage_is_left_out(tmp_path: Path) -> None:
    state = REFERENCES["wide_resnet_28_4"].make(10, 3)
    twice = {**state, **{f"sub_{key}": value for key, value in state.items() if key.startswith("block1.")}}
    path = save(twice, tmp_path / "a.pt")
    check_same(path, state, "wide_resnet_28_4")
    model = load_model(path)
    assert model.sparsity.parameters == sum(v.numel() for k, v in state.items() if k.endswith(("weight", "bias")))
    assert any("sub_block1" in note for note in model.notes)


def test_a_convolution_may_be_the_classifier(tmp_path: Path) -> None:
    """As in hidden networks, and so in robust scratch tickets: `fc`, 1×1, without a bias."""
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    weight = state.pop("linear.weight")
    bias = state.pop("linear.bias")
    state["fc.weight"] = weight[:, :, None, None]
    model = load_model(save(state, tmp_path / "a.pt"))
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        found = model.classifier()(images)
    linear = {**state, "linear.weight": weight, "linear.bias": torch.zeros_like(bias)}
    assert torch.allclose(found, REFERENCES["cifar_resnet18"].logits(linear, images), atol=1e-4)


def test_channels_that_were_removed_are_read_from_the_shapes(tmp_path: Path) -> None:
    """Five of a block's inner channels cut out, as structured pruning does, equal those channels at zero."""
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


def test_removed_channels_that_do_not_fit_are_said(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    state["layer2.1.conv1.weight"] = state["layer2.1.conv1.weight"][:11]
    with pytest.raises(CheckpointError, match="do not follow from one another"):
        load_model(save(state, tmp_path / "a.pt"))


def test_the_nearest_miss_is_explained(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    state["layer1.0.se.weight"] = torch.zeros(3, 3)
    del state["layer4.1.bn2.running_var"]
    with pytest.raises(CheckpointError) as caught:
        load_model(save(state, tmp_path / "a.pt"))
    what = caught.value.what
    assert "the closest is cifar_resnet18, which differs in 2" in what
    assert "missing layer4.1.bn2.running_var; unexpected layer1.0.se.weight" in what


def test_a_stem_of_another_size_is_explained(tmp_path: Path) -> None:
    state = REFERENCES["torchvision_resnet18"].make(10, 3)
    state["conv1.weight"] = state["conv1.weight"][:, :, :3, :3].clone()
    with pytest.raises(CheckpointError, match=r"closest is torchvision_resnet18.*conv1.weight is 8×3×3×3, expected"):
        load_model(save(state, tmp_path / "a.pt"))


def test_another_known_name_says_what_differs(tmp_path: Path) -> None:
    path = save(REFERENCES["cifar_resnet18"].make(10, 3), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"does not fit the architecture preact_resnet18: unexpected bn1.weight"):
        load_model(path, "preact_resnet18")


def test_what_is_like_nothing_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"fit none of the known architectures; none is close"):
        load_model(save({"embed.weight": torch.zeros(5, 4), "out.weight": torch.zeros(4, 5)}, tmp_path / "a.pt"))
