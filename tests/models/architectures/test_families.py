"""Architectures of any depth and width are found by their names, and by the names and shapes of a state."""

import pytest
import torch

from thinice_tui.models.architectures.known import KNOWN, recognise, variants, without_width
from thinice_tui.models.architectures.residual import FAMILIES

NAMES = (
    *("wide_resnet_16_8", "wide_resnet_22_2", "wide_resnet_34_20", "wide_resnet_40_2", "wide_resnet_70_16"),
    *("dm_wide_resnet_28_10", "dm_wide_resnet_106_16", "biased_wide_resnet_28_10"),
)


@pytest.mark.parametrize("name", NAMES)
def test_any_size_is_recognised_by_its_own_name(name: str) -> None:
    state = KNOWN[name].make().state_dict()
    found = recognise(state)
    assert name in KNOWN and found is not None and found.name == name
    assert found is KNOWN[name]  # what is computed of it is kept with it


@pytest.mark.parametrize(
    "name",
    [
        *("wide_resnet_27_10", "wide_resnet_4_10", "wide_resnet_28_0", "wide_resnet_28", "wide_resnet_28_10_gelu"),
        *("wide_resnet_9994_10", "my_wide_resnet_28_10", "wide_resnet_28_10_", "dm_wide_resnet_28_10_leaky"),
    ],
)
def test_other_names_are_unknown(name: str) -> None:
    assert name not in KNOWN and variants(name) == ()


def test_the_variants_of_any_size_are_found() -> None:
    found = [known.name for known in variants("wide_resnet_40_2")]
    assert found == [f"wide_resnet_40_2_{form}" for form in ("leaky", "silu", "fixmatch", "arow")]
    assert [known.name for known in variants("dm_wide_resnet_34_20")] == ["dm_wide_resnet_34_20_relu"]
    assert variants("wide_resnet_40_2_silu") == () == variants("biased_wide_resnet_28_10")


def test_pruning_takes_channels_away_so_the_width_is_the_widest_stages() -> None:
    shapes = {key: tuple(value.shape) for key, value in KNOWN["wide_resnet_16_4"].make().state_dict().items()}
    shapes["block1.layer.0.conv2.weight"] = (9, 64, 3, 3)
    shapes["block3.layer.0.conv2.weight"] = (250, 256, 3, 3)
    family = FAMILIES[0]
    found = family.fitting(shapes)
    assert found is not None and found.name == "wide_resnet_16_4"
    assert family.fitting({"block1.layer.0.conv2.weight": (16,)}) is None and family.fitting({}) is None


def test_a_name_without_its_width() -> None:
    assert without_width("wide_resnet_28_10") == without_width("wide_resnet_28_3") == "wide_resnet_28"
    assert without_width("dm_wide_resnet_28_10_relu") == "dm_wide_resnet_28_relu"
    assert without_width("wide_resnet50_2") == "wide_resnet50_2" and without_width("a_28_10") == "a_28_10"


def test_blocks_that_are_not_in_a_row_do_not_count() -> None:
    """A file's names cannot make a network of a million blocks."""
    state = {"block3.layer.999999.conv2.weight": torch.zeros(64, 64, 3, 3)}
    assert recognise(state) is None
