"""Masks find their weights by name or in order, and are multiplied in the weight's shape and type."""

import time

import pytest
import torch

from thinice_tui.models.masks.pairs import is_binary, multiplied, pairs_by_name, pairs_in_order, weight_of_mask

NAMES = ["conv1.weight", "layer1.0.conv1.weight", "layer1.0.bn1.weight", "fc.weight", "fc.bias"]


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        (["conv1.weight", "fc.bias"], ["conv1.weight", "fc.bias"]),
        (["module.conv1.weight", "module.layer1.0.conv1.weight"], ["conv1.weight", "layer1.0.conv1.weight"]),
        (["a.b.conv1.weight", "a.b.fc.weight"], ["conv1.weight", "fc.weight"]),
        (["conv1", "layer1.0.conv1"], ["conv1.weight", "layer1.0.conv1.weight"]),
        (
            ["conv1.weight_mask", "fc.bias_mask", "layer1.0.bn1.mask"],
            ["conv1.weight", "fc.bias", "layer1.0.bn1.weight"],
        ),
        (["conv1.weight_0", "fc.weight_12"], ["conv1.weight", "fc.weight"]),
        (["module.conv1_mask"], ["conv1.weight"]),
    ],
)
def test_names(masks: list[str], expected: list[str]) -> None:
    mask = torch.ones(1)
    assert [name for name, _ in pairs_by_name(NAMES, dict.fromkeys(masks, mask))] == expected
    wrapped = [f"net.{name}" for name in NAMES]
    if all("." not in name or name.split(".")[0] in ("conv1", "fc", "layer1") for name in masks):
        assert [name for name, _ in pairs_by_name(wrapped, dict.fromkeys(masks, mask))] == [
            f"net.{e}" for e in expected
        ]


def test_parts_of_names_that_wrappers_add_do_not_count() -> None:
    """DataParallel around a part, torch.compile, and FSDP, on either side."""
    weights = ["_orig_mod.features.module.0.weight", "_orig_mod.fc._fsdp_wrapped_module.weight"]
    plain = ["features.0.weight", "fc.weight"]
    one = torch.ones(1)
    assert [name for name, _ in pairs_by_name(weights, dict.fromkeys(plain, one))] == weights
    assert [name for name, _ in pairs_by_name(plain, dict.fromkeys(weights, one))] == plain
    twice = ["module.fc.weight", "fc.weight"]
    assert [name for name, _ in pairs_by_name(twice, {"fc.weight": one})] == ["fc.weight"]


@pytest.mark.parametrize("masks", [["conv1.weight", "layer9.0.conv1.weight"], ["conv9"]])
def test_a_prefix_is_of_all_masks_or_of_none(masks: list[str]) -> None:
    """So that another layer's mask is never taken for the mask of a layer whose name ends alike."""
    with pytest.raises(ValueError, match="fits no weight"):
        pairs_by_name(NAMES, dict.fromkeys(masks, torch.ones(1)))


def test_many_names_that_end_alike_take_no_time() -> None:
    names = [f"a{number}.weight" for number in range(20_000)]
    masks = dict.fromkeys(["weight", *(f"b{number}.weight" for number in range(20_000))], torch.ones(1))
    started = time.process_time()
    with pytest.raises(ValueError, match="fits no weight"):
        pairs_by_name(names, masks)
    assert time.process_time() - started < 2


def test_masks_in_order() -> None:
    state = {"conv.weight": torch.ones(2, 2), "conv.bias": torch.ones(2), "bn.weight": torch.ones(2)}
    one = torch.ones(1)
    assert [name for name, _ in pairs_in_order(state, [None, one])] == ["bn.weight"]
    assert [name for name, _ in pairs_in_order(state, [one])] == ["conv.weight"]
    assert [name for name, _ in pairs_in_order(state, [one, one])] == ["conv.weight", "bn.weight"]
    with pytest.raises(ValueError, match=r"3 masks for 1 Conv and Linear weights \(2 with batch norms\)"):
        pairs_in_order(state, [one, one, one])


def test_the_weight_of_a_mask() -> None:
    names = ("a.mask", "a.weight_mask", "a._weight_mask", "a.bias_mask", "a.in_proj_weight_mask", "mask", "a.masked")
    assert [weight_of_mask(name) for name in names] == [
        "a.weight", "a.weight", "a.weight", "a.bias", "a.in_proj_weight", "weight", "",
    ]  # fmt: skip


def test_products() -> None:
    weight = torch.tensor([[1.0, -2.0], [0.0, 4.0]])
    assert torch.equal(
        multiplied(weight, torch.tensor([[True, False], [True, True]]), "w"), weight * torch.tensor([[1, 0], [1, 1]])
    )
    assert torch.equal(multiplied(weight, torch.tensor([[0], [1]], dtype=torch.uint8), "w")[0], torch.zeros(2))
    assert multiplied(weight.half(), torch.ones(2, 2, dtype=torch.float64), "w").dtype == torch.float16
    assert multiplied(weight, torch.full((2, 2), torch.inf), "w")[1, 0] == 0, "not NaN"
    for shape in ((2,), (), (1, 2, 2), (2, 3)):
        with pytest.raises(ValueError, match=r"the mask of w is .*, its weight \(2, 2\)"):
            multiplied(weight, torch.ones(shape), "w")


@pytest.mark.parametrize("dtype", [torch.bool, torch.int8, torch.uint16, torch.float8_e4m3fn, torch.bfloat16])
def test_zeros_and_ones_in_any_type(dtype: torch.dtype) -> None:
    assert is_binary(torch.tensor([0.0, 1.0]).to(dtype))
    assert dtype is torch.bool or not is_binary(torch.tensor([0.0, 2.0]).to(dtype))
    assert not is_binary(torch.tensor([torch.nan])) and not is_binary(torch.ones(1) + 1j)
