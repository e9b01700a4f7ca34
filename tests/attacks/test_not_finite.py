"""Models whose logits are NaN or infinite in places: a sample that falls elsewhere in the ball must still be found."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.attacks.injected_noise import noise_for
from tests.attacks.stages import OTHERS, STRONG
from tests.linear_models import Task, make_task, module
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.registry import attack_batch
from thinice_tui.engine.worker.verify import verify
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage, under_norm
from thinice_tui.protocol.threat_model import NORMS, Norm

CPU = torch.device("cpu")
GREY = 0.5
HOLES = [torch.nan, torch.inf, -torch.inf]


class Holed(nn.Module):
    """A linear model with the logits `hole` where the first pixel is above what it is in all clean images."""

    def __init__(self, weight: np.ndarray, hole: float) -> None:
        super().__init__()
        self.inner, self.hole = module(weight), hole

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.inner(x)
        return torch.where((x[:, 0, 0, 0] > GREY + 1e-4)[:, None], self.hole, logits)


class Poisonous(nn.Module):
    """A linear model whose gradient is NaN at one pixel, its logits being finite."""

    def __init__(self, weight: np.ndarray) -> None:
        super().__init__()
        self.inner = module(weight)

    def forward(self, x: Tensor) -> Tensor:
        nothing = 0 * (x[:, :1, 0, 0] * 0).sqrt()  # its derivative: 0 times infinity
        logits: Tensor = self.inner(x) + nothing
        return logits


def make_grey_task() -> Task:
    """The first pixel is grey in every image, and decides nothing."""
    task = make_task(100, seed=3)
    task.images[:, 0, 0, 0] = GREY
    task.weight[:, 0] = 0
    right = np.flatnonzero(task.distances("Linf") > 0)[:32]
    return replace(task, images=task.images[right], labels=task.labels[right])


def attacked(model: nn.Module, stage: Stage, norm: Norm, batch_capacity: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Exact distances, which samples broke, and eps, within which half of them are."""
    task, classifier = make_grey_task(), Classifier(model)
    distances = task.distances(norm)
    eps = float(np.quantile(distances, 0.5)) * 1.0001
    images, labels = torch.from_numpy(task.images), torch.from_numpy(task.labels)
    found = attack_batch(
        under_norm(stage, norm),
        CountingModel(classifier, CPU),
        images,
        labels,
        norm,
        eps,
        noise_for(images),
        batch_capacity,
    )
    assert torch.isfinite(found).all()
    return distances, verify(classifier, images, labels, found, norm, eps).broken.numpy(), eps


@pytest.mark.parametrize("batch_capacity", [1, 512], ids=["one run at a time", "all runs at once"])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("stage", STRONG, ids=lambda stage: stage.name)
def test_a_hole_in_the_logits_hides_no_flip_beside_it(stage: Stage, norm: Norm, batch_capacity: int) -> None:
    for hole in HOLES:
        distances, broken, eps = attacked(Holed(make_grey_task().weight, hole), stage, norm, batch_capacity)
        assert not broken[distances > eps].any()
        assert broken[distances < 0.95 * eps].all(), hole


@pytest.mark.parametrize("norm", NORMS)
def test_square_searches_on_from_a_hole(norm: Norm) -> None:
    """Half of its starts are in the hole: such a sample was taken for broken, and never queried."""
    square = Stage("Square", "square", 600)
    distances, broken, eps = attacked(Holed(make_grey_task().weight, torch.nan), square, norm, 1)
    whole = attacked(module(make_grey_task().weight), square, norm, 1)[1]
    assert not broken[distances > eps].any()
    assert broken.sum() >= 0.8 * whole.sum() > 0


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("stage", [*STRONG, *OTHERS], ids=lambda stage: stage.name)
def test_one_pixel_without_a_gradient_spoils_no_other(stage: Stage, norm: Norm) -> None:
    distances, broken, eps = attacked(Poisonous(make_grey_task().weight), stage, norm, 512)
    assert not broken[distances > eps].any()
    if stage in STRONG:
        assert broken[distances < 0.95 * eps].all()
    else:
        assert broken[distances < 0.5 * eps].mean() > 0.6
