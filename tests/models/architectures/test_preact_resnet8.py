"""The network of the sample models."""

import torch

from thinice_tui.models.architectures.known import recognise
from thinice_tui.models.architectures.preact_resnet8 import PreActResNet8


def test_it_classifies_images_and_is_recognised_by_its_state() -> None:
    network = PreActResNet8().eval()
    assert network(torch.rand(2, 3, 32, 32)).shape == (2, 10)
    found = recognise(network.state_dict())
    assert found is not None and found.name == "preact_resnet8"


def test_its_parameters_are_those_of_its_layers() -> None:
    stem, blocks = 32 * 27, 9 * (2 * 32 * 32 + 32 * 64 + 64 * 64 + 64 * 128 + 128 * 128) + 32 * 64 + 64 * 128
    norms = 2 * (32 + 32 + 32 + 64 + 64 + 128 + 128)
    assert sum(p.numel() for p in PreActResNet8().parameters()) == stem + blocks + norms + 128 * 10 + 10
