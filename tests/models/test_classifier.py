"""A classifier normalises its input and stays in evaluation mode."""

import torch

from tests.linear_models import ARCH, Files, module
from thinice_tui.models.load import load_model


def test_normalisation_sits_in_front_of_the_network(files: Files) -> None:
    x = torch.from_numpy(files.task.images)
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([1.0, 2.0, 4.0])
    model = load_model(files.dense, ARCH, "0.1,0.2,0.3/1,2,4").classifier()
    expected = module(files.task.weight)((x - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1))
    assert torch.allclose(model(x), expected, atol=1e-5)
