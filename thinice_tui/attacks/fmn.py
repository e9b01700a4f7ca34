"""The fast minimum-norm attack (FMN; Pintor et al. 2021, arXiv 2102.12827), with steps as PGD's in any norm.

It follows the gradient of a margin within a ball around the clean image. The radius shrinks while the image is
adversarial and grows while it is not, first by 5 %, at last by 0.1 %. Other than the authors', each step goes in the
norm's steepest direction (under L1 as SLIDE's, see norms.py), and its length is relative to the radius: 2 radii at
first, falling by a cosine.
"""

import torch
from torch import Tensor, nn

from thinice_tui.attacks.losses import losses_gradient_margins
from thinice_tui.attacks.margin_ascent import step_share
from thinice_tui.attacks.norms import TINY, LpNorm, per_image
from thinice_tui.protocol.attacks import Loss

FIRST_CHANGE, LAST_CHANGE = 0.05, 0.001
"""The share by which the radius changes in a step, first and last; in between by a cosine."""


def shrink_radius(
    model: nn.Module, x: Tensor, y: Tensor, norm: LpNorm, steps: int, radius: Tensor, targets: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The nearest adversarial image found for each of x [n,C,H,W] with labels y [n], and its distance [n], inf if none.

    radius: [n], no image further than that is searched for, inf for none such. targets: classes [n] to search towards,
    by default any. Until an adversarial image is found, the ball reaches as far as the boundary would lie if the
    margin were linear.
    """
    loss: Loss = "margin" if targets is None else "gap"
    x_adv, x_best_adv = x, x
    cap = radius.to(x.dtype).clamp(max=norm.diameter(x))
    eps = cap
    distance_best = torch.full(y.shape, torch.inf, dtype=x.dtype, device=x.device)
    for step in range(steps + 1):
        losses, gradient, margins = losses_gradient_margins(model, x_adv, y, loss, targets)
        distances = norm.lengths((x_adv - x).flatten(1))
        adversarial = margins < 0
        nearer = adversarial & (distances < distance_best)
        x_best_adv = torch.where(per_image(nearer), x_adv, x_best_adv)
        distance_best = torch.where(nearer, distances, distance_best)
        if step == steps:
            break
        change = LAST_CHANGE + (FIRST_CHANGE - LAST_CHANGE) * step_share(step, steps) / 2
        linearised = distances + losses.abs() / norm.dual_lengths(gradient.flatten(1)).clamp(min=TINY)
        reach = torch.where(torch.isfinite(distance_best), eps, linearised)
        reach = torch.where(margins.isinf(), distances / 2, reach)  # logits are not finite: back towards x
        eps = (reach * torch.where(adversarial, 1 - change, 1 + change)).minimum(distance_best).minimum(cap)
        step_size = per_image(eps * step_share(step, steps))
        x_adv = norm.ball(x, per_image(eps)).step(x_adv, gradient, step_size)
    return x_best_adv, distance_best
