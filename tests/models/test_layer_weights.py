"""Shapes of a network's weights say its classes and input channels."""

import torch
from torch import nn

from thinice_tui.models.layer_weights import (
    classes,
    head_widths,
    input_channels,
    layer_weights,
    unsaved_masks,
)


def test_classes_and_channels_are_those_of_the_last_and_first_layer() -> None:
    network = nn.Sequential(nn.Conv2d(2, 5, 3), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(20, 7), nn.Linear(7, 3))
    assert list(layer_weights(network)) == ["0.weight", "3.weight", "4.weight"]
    assert (classes(network), input_channels(network), head_widths(network)) == (3, 2, {3})


def test_a_last_layer_that_is_defined_first_is_found_by_shapes() -> None:
    network = nn.ModuleDict({"head": nn.Linear(6, 4), "body": nn.Linear(12, 6)})
    assert classes(network) == 4
    assert classes(nn.Sequential(nn.Linear(9, 5), nn.ReLU(), nn.Conv2d(2, 7, 1))) == 7


def test_a_convolution_may_be_the_last_layer() -> None:
    assert classes(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 7, 1))) == 7


def test_masks_and_scores_are_no_weights() -> None:
    network = nn.Conv2d(2, 5, 3)
    for name in ("popup_scores", "mask_weight", "gate", "aux_weight", "aggregate"):
        setattr(network, name, nn.Parameter(network.weight.detach().clone()))
    assert list(layer_weights(network)) == ["weight", "aggregate"]


def test_a_network_without_layers_says_nothing() -> None:
    assert (classes(nn.ReLU()), input_channels(nn.Linear(2, 3)), head_widths(nn.ReLU())) == (None, None, set())


def test_masks_that_a_state_dict_does_not_hold_are_named() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 2), nn.Linear(2, 2))
    network[0].register_buffer("mask", torch.ones(4, 3, 3, 3), persistent=False)
    network[2].weight_mask = torch.ones(2, 4)
    network[2].register_buffer("gate", torch.ones(2, 4))  # is saved
    network[3].mask = torch.ones(7)  # does not belong to the weight
    assert unsaved_masks(network) == ["0.mask", "2.weight_mask"]
    assert unsaved_masks(nn.Linear(2, 2)) == []
