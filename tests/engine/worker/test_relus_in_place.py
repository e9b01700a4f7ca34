import pytest
import torch
from torch import Tensor, nn

from tests.places import SAMPLE_MODELS
from thinice_tui.engine.worker.relus_in_place import relus_in_place
from thinice_tui.models.load import load_model

BATCH = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def gradient(module: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    inputs = images.clone().requires_grad_()
    logits = module(inputs)
    (found,) = torch.autograd.grad(logits.logsumexp(dim=1).sum(), inputs)
    return logits.detach(), found


def in_place_relus(network: nn.Module) -> int:
    return sum(node.target is torch.relu_ for node in relus_in_place(network).graph.nodes)


def test_logits_and_gradients_are_the_same_numbers() -> None:
    classifier = load_model(SAMPLE_MODELS / "dense.pt").classifier()
    for before, after in zip(gradient(classifier, BATCH), gradient(relus_in_place(classifier), BATCH), strict=True):
        assert torch.equal(before, after)


class Squared(nn.Module):
    """Reads a convolution's output twice: it must not be overwritten."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 3)

    def forward(self, images: Tensor) -> Tensor:
        found = self.conv(images)
        twice: Tensor = torch.relu(found) + found
        return twice.mean(dim=(2, 3))


@pytest.mark.parametrize(
    "network",
    [
        Squared(),
        nn.Sequential(nn.Flatten(), nn.ReLU()),  # overwrites the images themselves
        nn.Sequential(nn.Conv2d(3, 2, 3), nn.Sigmoid(), nn.ReLU()),  # sigmoid's backward reads its output
        nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU6()),
    ],
    ids=["read twice", "images", "sigmoid", "no ReLU"],
)
def test_what_others_read_is_not_overwritten(network: nn.Module) -> None:
    with pytest.raises(LookupError, match="nothing else reads"):
        relus_in_place(network)


def test_each_kind_of_relu_and_of_input_is_known() -> None:
    layers = (nn.Conv2d(3, 3, 1), nn.ReLU(), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 32 * 32, 2))
    assert in_place_relus(nn.Sequential(*layers, nn.ReLU())) == 3
    assert in_place_relus(load_model(SAMPLE_MODELS / "dense.pt").network) == 7
