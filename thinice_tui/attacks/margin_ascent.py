"""Gradient ascent on a margin with a falling step size: the two searches of the `fast` ensemble.

The probability margin is PMA's loss (CVPR 2025, "Probability Margin Attack"), the targeted logit margin that of MM
(Gao et al., ICML 2022, "Fast and reliable evaluation of adversarial robustness with minimum-margin attack"). Both are
followed here by plain steps: from a random start, each in the steepest direction, of a length that falls by a cosine
from 2·eps to 0.
"""

import math

import torch
from torch import Tensor, nn

from thinice_tui.attacks.losses import losses_gradient_margins
from thinice_tui.attacks.norms import LpNorm, per_image
from thinice_tui.protocol.attacks import Loss


def ascend_margin(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: LpNorm,
    eps: Tensor,
    steps: int,
    loss: Loss,
    noise: Tensor,
    targets: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Each sample's iterate of lowest logit margin [n,C,H,W], and that margin [n], inf where no logits were finite.

    x: [n,C,H,W] in [0,1]; eps: radii [n,1,1,1]; noise: as drawn, [n,C,H,W]; targets: classes [n] for a targeted loss.
    """
    ball = norm.ball(x, eps)
    x_adv = (x + eps * norm.random_perturbation(noise, 1.0)).clamp_(0.0, 1.0)
    x_best_adv, margin_best = x_adv, torch.full(y.shape, torch.inf, device=x.device)
    for step in range(steps + 1):
        _, gradient, margins = losses_gradient_margins(model, x_adv, y, loss, targets)
        lower = margins < margin_best
        x_best_adv = torch.where(per_image(lower), x_adv, x_best_adv)
        margin_best = torch.where(lower, margins, margin_best)
        if step < steps:
            x_adv = ball.step(x_adv, gradient, eps * step_share(step, steps))
            x_adv = torch.where(per_image(margins.isinf()), x, x_adv)  # no gradient to follow: back to the clean image
    return x_best_adv, margin_best


def step_share(step: int, steps: int) -> float:
    """The length of that step as a share of eps: 1 + cos(π·step/steps), from 2 down to nearly 0."""
    return 1.0 + math.cos(math.pi * step / steps)
