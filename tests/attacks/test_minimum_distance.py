"""Distances to the boundaries of linear models, which are known exactly."""

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.linear_models import make_task, module
from thinice_tui.attacks.apgd import ascend
from thinice_tui.attacks.minimum_distance import Boundary, nearest_boundary
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import norm_of
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.threat_model import NORMS, Norm


@pytest.mark.parametrize("n", [1, 2, 33])
@pytest.mark.parametrize("norm", NORMS)
def test_distances_of_linear_models_are_at_most_5_percent_above_the_exact_ones(norm: Norm, n: int) -> None:
    """And never below, however little the ensemble knew before."""
    task = make_task(3 * n + 24, seed=3)
    exact = task.distances(norm)
    correct = np.flatnonzero(exact > 0)[:n]
    exact = exact[correct]
    images, labels = torch.from_numpy(task.images[correct]), torch.from_numpy(task.labels[correct])
    model, lp = Classifier(module(task.weight)), norm_of(norm)
    eps = float(np.median(exact)) * 0.9

    def distances_if_broken(candidates: Tensor, index: Tensor) -> Tensor:
        broken = model(candidates).argmax(dim=1) != labels[index]
        return torch.where(broken, lp.distances(images[index], candidates), torch.inf)

    standing = torch.from_numpy(exact > eps)
    noise = Noise(0, "Distance", correct)
    with torch.no_grad():
        radius = torch.full((len(images), 1, 1, 1), eps * (1 - 1e-6))
        start = lp.random_start(images, radius, noise.each(lp.draw, images.shape[1:], 0, images.device))
        start = images if lp.starts_clean else start
        adversarial = ascend(model, images, labels, lp, radius, 100, "margin", start).x_best_adv
        known = Boundary(adversarial, torch.where(standing, torch.inf, lp.distances(images, adversarial)))
        found = nearest_boundary(model, images, labels, lp, 30, standing * eps, known, distances_if_broken, noise)
    ratios = found.distances.numpy() / exact
    assert ratios.min() >= 1 - 1e-5
    assert ratios.max() <= 1.05
    assert (found.distances < known.distances)[exact < 0.95 * eps].all() and torch.isfinite(found.distances).all()
    assert torch.allclose(lp.distances(images, found.images), found.distances, atol=1e-6)
