"""A classifier normalises its input and stays in evaluation mode."""

import torch

from tests.linear_models import ARCH, Files, module
from thinice_tui.models.classifier import Classifier
from thinice_tui.models.load import load_model


def test_images_are_normalised_before_the_network(files: Files) -> None:
    x = torch.from_numpy(files.task.images)
    mean, std = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([1.0, 2.0, 4.0])
    model = load_model(files.dense, ARCH, "0.1,0.2,0.3/1,2,4").classifier()
    expected = module(files.task.weight)((x - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1))
    assert torch.allclose(model(x), expected, atol=1e-5)


def test_it_stays_in_evaluation_mode_with_frozen_parameters() -> None:
    classifier = Classifier(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2), torch.nn.Dropout(1.0)))
    assert not any(module.training for module in classifier.train().modules())
    assert not any(parameter.requires_grad for parameter in classifier.parameters())


def test_the_first_item_of_a_tuple_are_the_logits_as_float32() -> None:
    class Returns(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, str]:
            return x.flatten(1).double(), "features"

    images = torch.rand(2, 1, 2, 2)
    logits = Classifier(Returns())(images)
    assert logits.dtype == torch.float32 and torch.equal(logits, images.flatten(1))


def test_a_network_that_changes_its_input_changes_a_copy() -> None:
    class Changes(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mul_(2).flatten(1)

    images = torch.rand(2, 1, 2, 2)
    before = images.clone()
    assert torch.equal(Classifier(Changes())(images), 2 * before.flatten(1)) and torch.equal(images, before)
