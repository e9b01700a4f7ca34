"""The three sparsities, on networks whose zeros are counted by hand."""

import pytest
import torch

from thinice_tui.models.sparsity import measure_sparsity


def test_the_three_sparsities() -> None:
    """Two layers of 4 and 12 weights with 1 and 9 zeros, and biases of 2 and 6 with 2 and 0."""
    first, second = torch.nn.Linear(2, 2), torch.nn.Linear(2, 6)
    network = torch.nn.Sequential(first, second)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0)
        first.weight.view(-1)[:1] = 0
        first.bias.fill_(0)
        second.weight.view(-1)[:9] = 0
    found = measure_sparsity(network)
    assert found.conv_linear == pytest.approx(10 / 16)
    assert found.mean_per_layer == pytest.approx((1 / 4 + 9 / 12) / 2)
    assert found.all_parameters == pytest.approx(12 / 24)
    assert [(layer.name, layer.zeros) for layer in found.layers] == [("0", 1), ("1", 9)]


def test_a_network_without_layers_has_no_sparsity() -> None:
    assert measure_sparsity(torch.nn.Identity()).conv_linear == 0.0
