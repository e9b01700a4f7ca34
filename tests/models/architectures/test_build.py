"""A state that fits no architecture is refused with the closest one and what differs."""

from pathlib import Path

import pytest
import torch

from tests.models.checks import check_same, save
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


def test_counters_are_neither_counted_nor_named(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    state["layer1.0.se.num_batches_tracked"] = torch.tensor(3)
    check_same(save(state, tmp_path / "a.pt"), state, "cifar_resnet18")
    del state["linear.bias"]
    with pytest.raises(CheckpointError, match=r"cifar_resnet18, with 1 difference: missing linear\.bias$"):
        load_model(save(state, tmp_path / "a.pt"))


def test_counters_of_any_shape_are_never_read(tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    state["bn1.num_batches_tracked"] = torch.tensor([3, 4])
    check_same(save(state, tmp_path / "a.pt"), state, "cifar_resnet18")


@pytest.mark.parametrize("arch", ["auto", "cifar_resnet18"])
def test_widths_that_no_factory_has_are_refused_with_both_ways_out(arch: str, tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    state["layer2.1.bn1.weight"] = state["layer2.1.bn1.weight"][:11]
    with pytest.raises(CheckpointError, match=r"layer2\.1\.bn1\.weight is 11, expected 16") as caught:
        load_model(save(state, tmp_path / "a.pt"), arch)
    assert "torch.save(model)" in caught.value.do and "factory of these widths" in caught.value.do


@pytest.mark.parametrize("dtype", [torch.int8, torch.int64, torch.bool, torch.complex64])
def test_weights_that_are_no_floating_numbers_are_refused(dtype: torch.dtype, tmp_path: Path) -> None:
    state = REFERENCES["cifar_resnet18"].make(10, 3)
    state["layer2.1.conv1.weight"] = state["layer2.1.conv1.weight"].to(dtype)
    with pytest.raises(CheckpointError, match=r"layer2\.1\.conv1\.weight"):
        load_model(save(state, tmp_path / "a.pt"))
