"""The searches of the fast ensemble, against closed forms."""

import math

import pytest
import torch
from torch import Tensor

from tests.attacks.injected_noise import CPU, noise_for
from tests.attacks.stages import EPS, broken, ours
from thinice_tui.attacks.losses import loss_of, probability_margins
from thinice_tui.attacks.margin_ascent import ascend_margin, step_share
from thinice_tui.attacks.norms import norm_of
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.ensembles import Stage
from thinice_tui.protocol.threat_model import NORMS, Norm


def test_steps_fall_by_a_cosine_from_two_radii_to_none() -> None:
    assert step_share(0, 100) == 2.0 and step_share(50, 100) == pytest.approx(1.0)
    assert 0 < step_share(99, 100) < 1e-3 and step_share(100, 100) == 0.0
    shares = [step_share(step, 30) for step in range(30)]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(31.0)


def test_the_probability_margin_has_a_gradient_where_probabilities_are_rounded() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0], [300.0, 1.0, 0.0], [0.0, 1.0, 0.0]], requires_grad=True)
    labels = torch.zeros(3, dtype=torch.long)
    lowered = probability_margins(logits, labels)
    (gradient,) = torch.autograd.grad(lowered.sum(), logits)
    margins = lowered.detach()
    total = sum(math.exp(v) for v in (2.0, 1.0, 0.0))
    assert float(margins[0]) == pytest.approx((math.exp(2) - math.exp(1)) / total, abs=1e-6)
    assert float(margins[1]) == 299.0, "the logit margin"
    assert float(margins[2]) < 0
    assert (gradient[:, 0] > 0).all() and (gradient[:, 1] < 0).all()


def test_the_gap_is_the_targets_logit_minus_the_labels() -> None:
    logits, labels = torch.tensor([[3.0, 1.0, 2.5]]), torch.tensor([0])
    assert loss_of("gap", logits, labels, torch.tensor([1])).tolist() == [-2.0]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("loss", ["probability", "margin"])
def test_a_linear_models_margin_is_lowered_as_far_as_the_ball_allows(norm: Norm, loss: str) -> None:
    """Two classes: the lowest margin within eps is m − eps·‖w‖ in the dual norm, far from the edges of the cube."""
    random = torch.Generator().manual_seed(0)
    weight = torch.randn(2, 48, generator=random)
    layer = torch.nn.Linear(48, 2, bias=False)
    layer.weight = torch.nn.Parameter(weight)
    model = Classifier(torch.nn.Sequential(torch.nn.Flatten(), layer))
    x, eps, lp = torch.full((5, 3, 4, 4), 0.5), 0.02, norm_of(norm)
    labels = model(x).argmax(1)
    noise = noise_for(x).each(lp.draw, x.shape[1:], 0, CPU)
    with torch.no_grad():
        found, margins = ascend_margin(model, x, labels, lp, torch.full((5, 1, 1, 1), eps), 60, loss, noise)  # type: ignore[arg-type]
    own, other = weight[int(labels[0])], weight[1 - int(labels[0])]
    slope = float(lp.dual_lengths((own - other)[None])[0])
    lowest = float((own - other).sum() * 0.5) - eps * slope
    assert torch.allclose(margins, torch.full((5,), lowest), atol=2e-3 * eps * slope)
    assert (lp.distances(x, found) <= eps + 1e-6).all()


@pytest.mark.parametrize("norm", NORMS)
def test_on_a_real_model_they_break_more_than_pgd(norm: Norm, model: Classifier, batch: tuple[Tensor, Tensor]) -> None:
    images, labels = batch
    eps = EPS[norm]

    def fell(stage: Stage) -> Tensor:
        return broken(model, norm_of(norm).project(images, ours(stage, model, batch, norm, eps), eps), labels)

    weak, strong = fell(Stage("PGD-20", "pgd", 20)), fell(Stage("PMA", "pma", 40))
    both = strong | fell(Stage("Margin-T", "margin-t", 20, targets=5))
    assert strong.sum() >= weak.sum() and both.sum() >= strong.sum() and both.any()
