"""Layers get the channels of a state's shapes, else the standard ones."""

import torch

from thinice_tui.models.architectures.layers import Layers, classify, make_head

SHAPES = {"a.conv.weight": (5, 2, 3, 3), "a.bn.running_mean": (5,), "head.weight": (7, 5, 1, 1)}


def test_channels_are_those_of_the_shapes_or_the_standard_ones() -> None:
    inner = Layers(SHAPES).under("a")
    assert inner.conv("conv", (3, 64), 3).weight.shape == (5, 2, 3, 3)
    assert inner.conv("other", (3, 64), 3).weight.shape == (64, 3, 3, 3)
    assert inner.norm("bn", 64).num_features == 5 and not inner.norm("bn", 64).affine
    assert Layers().norm("bn", 64).num_features == 64 and Layers().norm("bn", 64).affine


def test_names_are_in_the_shapes_or_the_default_counts() -> None:
    assert Layers(SHAPES).has("a", False) and Layers(SHAPES).under("a").has("conv", False)
    assert not Layers(SHAPES).has("b", True) and Layers().has("b", True) and not Layers().has("b", False)


def test_the_last_layer_may_be_linear_or_a_convolution() -> None:
    name, head = make_head(Layers(SHAPES), 5, "linear", "head")
    assert name == "head" and isinstance(head, torch.nn.Conv2d) and head.bias is None
    assert classify(head, torch.ones(2, 5)).shape == (2, 7)
    name, head = make_head(Layers(classes=10), 5, "linear", "head")
    assert name == "linear" and classify(head, torch.ones(2, 5)).shape == (2, 10)


def test_a_depthwise_convolution_has_a_group_for_each_channel_of_the_shapes() -> None:
    conv = Layers({"a.weight": (6, 1, 3, 3)}).depthwise("a", 64, 3, 2, 1)
    assert conv.groups == conv.out_channels == 6 and conv.stride == (2, 2) and conv.bias is None
    assert Layers().depthwise("a", 64, 3).weight.shape == (64, 1, 3, 3)


def test_fixed_inputs_of_a_linear_layer_are_not_those_of_the_shapes() -> None:
    layers = Layers({"a.weight": (6, 50)})
    assert layers.linear("a", (49, 10)).weight.shape == (6, 50)
    assert layers.linear("a", (49, 10), fixed=True).weight.shape == (6, 49)


def test_layers_are_torch_s_own_and_initialised_except_on_the_meta_device() -> None:
    with torch.device("meta"):
        bare = Layers()
        conv, norm = bare.conv("a", (3, 4), 3), bare.norm("b", 4)
    assert type(conv) is torch.nn.Conv2d and type(norm) is torch.nn.BatchNorm2d
    assert conv.weight.is_meta and norm.weight.is_meta
    conv, norm = Layers().conv("a", (3, 4), 3), Layers().norm("b", 4)
    assert type(conv) is torch.nn.Conv2d and type(norm) is torch.nn.BatchNorm2d
    assert conv.weight.std() > 0.05 and torch.equal(norm.weight, torch.ones(4))


def test_groups_have_the_given_width_or_the_shape_differs() -> None:
    layers = Layers({"conv.weight": (6, 2, 3, 3)})
    assert layers.grouped_conv("conv", (4, 99), 2, 3).groups == 2
    assert layers.grouped_conv("conv", (4, 99), 2, 3).weight.shape == (6, 2, 3, 3)
    assert layers.grouped_conv("conv", (4, 99), 1, 3).weight.shape == (6, 4, 3, 3)  # 6 outputs of 4 groups
    assert layers.grouped_conv("conv", (4, 99), 4, 3).weight.shape == (6, 4, 3, 3)
    assert Layers().grouped_conv("conv", (8, 16), 2, 3).weight.shape == (16, 2, 3, 3)
