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


class _RoundsByBatch(torch.nn.Module):
    """Logits of two classes whose margin depends on the batch size by a rounding error."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        slip = 0.0 if len(x) == 1 else 1e-5
        margins = x.flatten(1).mean(dim=1) - 0.5 - slip
        return torch.stack([margins, torch.zeros_like(margins)], dim=1)


def test_a_candidate_near_the_boundary_counts_as_it_is_judged_alone() -> None:
    means = torch.tensor([0.500001, 0.499999, 0.4, 0.6])
    x = means.view(4, 1, 1, 1).expand(4, 1, 2, 2).contiguous()
    verdict = verify(Classifier(_RoundsByBatch()), x, torch.zeros(4, dtype=torch.long), x, "Linf", 0.1)
    assert verdict.broken.tolist() == [False, True, True, False]
    alone = torch.cat([_RoundsByBatch()(x[i : i + 1]) for i in range(4)])
    assert torch.equal(verdict.logits[:2], alone[:2]), "the logits are those of the verdict"
