"""Shapes of a network's weights say its classes and input channels."""

from torch import nn

from thinice_tui.models.layer_weights import classes, head_widths, input_channels, layer_weights


def test_classes_and_channels_are_those_of_the_last_and_first_layer() -> None:
    network = nn.Sequential(nn.Conv2d(2, 5, 3), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(20, 7), nn.Linear(7, 3))
    assert list(layer_weights(network)) == ["0.weight", "3.weight", "4.weight"]
    assert (classes(network), input_channels(network), head_widths(network)) == (3, 2, {3})


def test_a_network_without_layers_says_nothing() -> None:
    assert (classes(nn.ReLU()), input_channels(nn.Linear(2, 3)), head_widths(nn.ReLU())) == (None, None, set())
