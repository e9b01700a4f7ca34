"""FMN against linear models, whose nearest image of each class is known exactly."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.linear_models import make_task, module
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.fmn import shrink_radius
from thinice_tui.attacks.norms import norm_of
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.threat_model import NORMS, Norm

STEPS = 40


@pytest.mark.parametrize("targeted", [False, True])
@pytest.mark.parametrize("norm", NORMS)
def test_it_finds_the_nearest_image_of_any_class_or_of_one(norm: Norm, targeted: bool) -> None:
    """With logits z = Wx, class t is reached at (z_y − z_t) / ‖w_y − w_t‖ in the dual norm, if far from 0 and 1."""
    task, lp = make_task(16, 4, seed=5), norm_of(norm)
    x, weight = torch.from_numpy(task.images), torch.from_numpy(task.weight)
    logits = x.flatten(1) @ weight.T
    y = logits.argmax(dim=1)
    slopes = torch.stack([lp.dual_lengths(weight[y] - row) for row in weight], dim=1)
    every = ((logits.gather(1, y[:, None]) - logits) / slopes.clamp(min=1e-9)).scatter(1, y[:, None], torch.inf)
    targets = (y + 1) % 4 if targeted else None
    exact = every.gather(1, targets[:, None]).squeeze(1) if targets is not None else every.amin(dim=1)
    model = CountingModel(Classifier(module(task.weight)), torch.device("cpu"))
    with torch.no_grad():
        images, found = shrink_radius(model, x, y, lp, STEPS, torch.full((16,), torch.inf), targets)
        classes = model.model(images).argmax(dim=1)
    # towards one class it may come across the nearer image of another, which counts as well
    assert (found <= exact * 1.01).all() and (found >= every.amin(dim=1) * (1 - 1e-4)).all()
    assert (classes != y).all() and torch.allclose(lp.distances(x, images).float(), found, atol=1e-6)
    assert images.min() >= 0 and images.max() <= 1
    assert (model.forwards, model.backwards) == (16 * (STEPS + 1), 16 * (STEPS + 1))


@pytest.mark.parametrize("norm", NORMS)
def test_it_searches_no_further_than_the_radius(norm: Norm) -> None:
    """Half of the samples are given a radius within which there is nothing; they do not change the others' results."""
    task, lp = make_task(16, 2, seed=5), norm_of(norm)
    x, labels = torch.from_numpy(task.images), (task.images.reshape(16, -1) @ task.weight.T).argmax(axis=1)
    exact = torch.from_numpy(np.abs(_margins(task.images, task.weight))).float() / lp.dual_lengths(
        torch.from_numpy(task.weight[:1] - task.weight[1:])
    )
    y, model = torch.from_numpy(labels), Classifier(module(task.weight))
    too_small = torch.arange(16) % 2 == 0
    with torch.no_grad():
        free, _ = shrink_radius(model, x, y, lp, STEPS, torch.full((16,), torch.inf))
        images, found = shrink_radius(model, x, y, lp, STEPS, torch.where(too_small, exact * 0.99, torch.inf))
    assert torch.isinf(found[too_small]).all() and torch.equal(images[too_small], x[too_small])
    assert torch.allclose(images[~too_small], free[~too_small], atol=1e-5)


def _margins(images: np.ndarray, weight: np.ndarray) -> np.ndarray:
    logits = images.reshape(len(images), -1).astype(np.float64) @ weight.T.astype(np.float64)
    return logits[:, 0] - logits[:, 1]


@pytest.mark.parametrize("norm", NORMS)
def test_where_logits_are_not_finite_it_turns_back(norm: Norm) -> None:
    """The linearised boundary is three times as far as the boundary, in a place where the logits are NaN."""
    task, lp = make_task(16, 2, seed=5), norm_of(norm)
    x, slope = torch.from_numpy(task.images), torch.from_numpy(task.weight[0] - task.weight[1])
    y = (x.flatten(1) @ slope < 0).long()
    model = CountingModel(_CubeRoot(slope, y, (x.flatten(1) @ slope).abs()), torch.device("cpu"))
    exact = (x.flatten(1) @ slope).abs() / lp.dual_lengths(slope[None])
    with torch.no_grad():
        images, found = shrink_radius(model, x, y, lp, STEPS, torch.full((16,), torch.inf))
    assert model.not_finite >= 16 and torch.isfinite(images).all()
    assert (found >= exact * (1 - 1e-4)).all() and (found <= exact * 1.02).all()


class _CubeRoot(nn.Module):
    """Two classes; the margin is the cube root of a linear one, and NaN where that is below −0.9 of its clean value."""

    def __init__(self, slope: Tensor, labels: Tensor, clean: Tensor) -> None:
        super().__init__()
        self.slope, self.labels, self.clean = slope, labels, clean

    def forward(self, x: Tensor) -> Tensor:
        linear = (x.flatten(1) @ self.slope) * (1 - 2 * self.labels)
        margins = linear.sign() * (linear.abs() + 1e-9) ** (1 / 3)
        margins = torch.where(linear < -0.9 * self.clean, torch.nan, margins)
        return torch.zeros(len(x), 2).scatter(1, self.labels[:, None], margins[:, None])
