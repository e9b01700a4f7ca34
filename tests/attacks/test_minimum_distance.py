"""Distances to the boundaries of linear models, which are known exactly."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tests.linear_models import make_task, module, staircase
from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.minimum_distance import Boundary, nearest_boundary
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import LpNorm, norm_of
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.distance import DistanceMeasurement
from thinice_tui.protocol.threat_model import NORMS, Norm

Distances = NDArray[np.float64]
MEASUREMENT = DistanceMeasurement()


def correct_samples(norm: Norm, n: int, classes: int = 5) -> tuple[Tensor, Tensor, Distances, Classifier]:
    """n images, the labels that a linear model gives them, their exact distances, and the model."""
    task = make_task(n, classes, seed=3)
    labels = (task.images.reshape(n, -1) @ task.weight.T).argmax(axis=1)
    exact = replace(task, labels=labels).distances(norm)
    return torch.from_numpy(task.images), torch.from_numpy(labels), exact, Classifier(module(task.weight))


def judged_by(model: nn.Module, x: Tensor, y: Tensor, norm: LpNorm) -> Callable[[Tensor, Tensor], Tensor]:
    def distances_if_broken(candidates: Tensor, index: Tensor) -> Tensor:
        broken = model(candidates).argmax(dim=1) != y[index]
        return torch.where(broken, norm.distances(x[index], candidates), torch.inf)

    return distances_if_broken


def search(
    model: nn.Module, x: Tensor, y: Tensor, norm: LpNorm, known: Boundary | None = None, judge: nn.Module | None = None
) -> Boundary:
    unknown = Boundary(x, torch.full((len(x),), torch.inf, dtype=torch.float64))
    noise, judged = Noise(0, "Distance", np.arange(len(x))), judged_by(judge or model, x, y, norm)
    with torch.no_grad():
        return nearest_boundary(
            model, x, y, norm, MEASUREMENT.steps, MEASUREMENT.targets, known or unknown, judged, noise
        )


@pytest.mark.parametrize(("n", "classes"), [(1, 10), (2, 3), (33, 2), (33, 10), (33, 1000)])
@pytest.mark.parametrize("norm", NORMS)
def test_distances_of_linear_models_are_the_exact_ones(norm: Norm, n: int, classes: int) -> None:
    """Never below, however little the ensemble knew before."""
    x, y, exact, model = correct_samples(norm, n, classes)
    lp, counting = norm_of(norm), CountingModel(model, torch.device("cpu"))
    found = search(counting, x, y, lp, judge=model)
    ratios = found.distances.numpy() / exact
    assert ratios.min() >= 1 - 1e-5 and ratios.max() <= 1.02
    assert torch.allclose(lp.distances(x, found.images), found.distances, atol=1e-6)
    assert found.images.min() >= 0 and found.images.max() <= 1
    assert (counting.forwards, counting.backwards) == tuple(n * passes for passes in MEASUREMENT.passes(classes))


@pytest.mark.parametrize("norm", NORMS)
def test_a_sample_has_the_same_distance_alone_and_in_a_batch(norm: Norm) -> None:
    x, y, _, model = correct_samples(norm, 8)
    lp = norm_of(norm)
    alone = torch.cat([search(model, x[i : i + 1], y[i : i + 1], lp).distances for i in range(8)])
    assert torch.allclose(search(model, x, y, lp).distances, alone, rtol=1e-3)


@pytest.mark.parametrize("norm", NORMS)
def test_no_image_found_is_further_than_the_known_one(norm: Norm) -> None:
    """Images just outside the boundary are known; the search is given a model that hides it."""
    x, y, exact, model = correct_samples(norm, 16, classes=2)
    lp, weight = norm_of(norm), torch.from_numpy(make_task(16, 2, seed=3).weight)
    direction = (weight[1] - weight[0]).view(1, *x.shape[1:]) * (1 - 2 * y.view(-1, 1, 1, 1))
    unit = direction / lp.lengths(direction.flatten(1)).view(-1, 1, 1, 1)
    images = (x + unit * torch.from_numpy(exact * 3).float().view(-1, 1, 1, 1)).clamp(0, 1)
    known = Boundary(images, lp.distances(x, images))
    hidden = search(nn.Sequential(model, _Blind()), x, y, lp, known, judge=model)
    assert (hidden.distances <= known.distances * (1 / 3 + 1 / 250)).all(), "drawn back on the line to the clean image"
    assert (hidden.distances.numpy() >= exact * (1 - 1e-5)).all()


class _Blind(nn.Module):
    """Logits that say nothing."""

    def forward(self, logits: Tensor) -> Tensor:
        return logits * 0


@pytest.mark.parametrize("norm", NORMS)
def test_where_no_gradient_leads_random_images_are_drawn_back(norm: Norm) -> None:
    x, y, exact, model = correct_samples(norm, 12)
    lp, flat = norm_of(norm), staircase()
    flat.load_state_dict(model.network.state_dict())
    found = search(Classifier(flat), x, y, lp)
    assert torch.isfinite(found.distances).all() and (found.distances.numpy() > exact * 0.9).all()
    assert (found.distances < 0.9 * lp.diameter(x)).all()


@pytest.mark.parametrize("norm", NORMS)
def test_what_a_rounded_model_misplaces_is_moved_outwards(norm: Norm) -> None:
    """The search sees a boundary that lies 0.3 % too near; the unmodified model is right on all images there."""
    x, y, exact, judge = correct_samples(norm, 16, classes=2)
    lp = norm_of(norm)
    with torch.no_grad():
        gap = judge(x).gather(1, y[:, None]) - judge(x).gather(1, 1 - y[:, None])
    found = search(_Nearer(judge, y, 0.003 * gap), x, y, lp, judge=judge)
    ratios = found.distances.numpy() / exact
    assert ratios.min() >= 1 - 1e-5 and ratios.max() <= 1.01


class _Nearer(nn.Module):
    """Logits with the labels' lowered; for whole batches of these samples."""

    def __init__(self, network: nn.Module, labels: Tensor, lowered: Tensor) -> None:
        super().__init__()
        self.network, self.labels, self.lowered = network, labels, lowered

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network(x)
        return logits.scatter_add(1, self.labels[:, None], -self.lowered)
