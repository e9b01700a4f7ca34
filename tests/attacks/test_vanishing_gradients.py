import pytest
import torch
from torch import Tensor, nn

from thinice_tui.attacks.vanishing_gradients import vanished_gradients

IMAGES, LABELS = torch.rand(3, 1, 2, 2, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2])


class Scaled(nn.Module):
    """A linear model of three classes with logits times `scale`; rounded: a staircase, flat nearly everywhere."""

    def __init__(self, scale: float = 1.0, rounded: bool = False) -> None:
        super().__init__()
        self.weight = torch.arange(12.0).reshape(4, 3) % 5
        self.scale, self.rounded = scale, rounded

    def forward(self, images: Tensor) -> Tensor:
        logits = self.scale * (images.flatten(1) @ self.weight)
        return logits.round() if self.rounded else logits


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_linear_model_has_gradients_at_any_scale(scale: float) -> None:
    assert vanished_gradients(Scaled(scale), IMAGES, LABELS).tolist() == [False] * 3


def test_a_staircase_has_none() -> None:
    assert vanished_gradients(Scaled(rounded=True), IMAGES, LABELS).tolist() == [True] * 3


def test_a_model_that_cannot_be_differentiated_is_an_error() -> None:
    class Detached(Scaled):
        def forward(self, images: Tensor) -> Tensor:
            return super().forward(images).detach()

    with pytest.raises(RuntimeError):
        vanished_gradients(Detached(), IMAGES, LABELS)
