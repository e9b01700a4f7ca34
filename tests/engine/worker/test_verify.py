"""A flip counts only when it is one: inside the ball, inside [0,1], finite, misclassified."""

import pytest
import torch

from tests.linear_models import make_task, module
from thinice_tui.attacks.norms import norm_of
from thinice_tui.engine.worker.verify import verify
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.threat_model import NORMS, Norm


@pytest.mark.parametrize("norm", NORMS)
def test_a_candidate_far_outside_is_judged_where_it_is_projected_to(norm: Norm) -> None:
    task = make_task(30)
    x, y = torch.from_numpy(task.images), torch.from_numpy(task.labels)
    exact = task.distances(norm)
    eps = float(exact.max()) / 2
    far = 1 - x.round()
    verdict = verify(Classifier(module(task.weight)), x, y, far, norm, eps)
    assert (verdict.distances <= eps + norm_of(norm).rounding).all()
    assert not verdict.broken.numpy()[exact > eps].any()


def test_candidates_that_are_not_finite_count_as_the_clean_image() -> None:
    task = make_task(4)
    x, y = torch.from_numpy(task.images), torch.from_numpy(task.labels)
    model = Classifier(module(task.weight))
    candidates = x.clone()
    candidates[0, 0, 0, 0] = torch.nan
    candidates[1] = torch.inf
    verdict = verify(model, x, y, candidates, "Linf", 0.5)
    assert torch.equal(verdict.images, x)
    assert torch.equal(verdict.broken, model(x).argmax(1) != y)


def test_logits_that_are_not_finite_never_count_as_broken() -> None:
    class Blind(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.full((len(x), 3), torch.nan)

    x = torch.rand(4, 1, 3, 3)
    verdict = verify(Classifier(Blind()), x, torch.tensor([0, 1, 2, 1]), x, "Linf", 0.1)
    assert not verdict.broken.any()
