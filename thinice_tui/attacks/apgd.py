"""Auto-PGD (Croce and Hein 2020, arXiv 2003.01690) with every loss it is used with.

Why not torchattacks': its APGDT uses the first sample's step size for the whole batch under L2 (apgdt.py:200); where it
fails it returns the clean image, although the iterate of lowest margin is what a margin under attack needs; it drops
the losses of the iterates, which tell whether the optimisation converged; and its bookkeeping takes up to a tenth of a
fast model's time. The iterates here are the authors', bit for bit.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.attacks.losses import losses_gradient_margins
from thinice_tui.attacks.multi_run import Run, lowest_margins
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import LpNorm, per_image
from thinice_tui.protocol.attacks import Loss

RHO = 0.75
"""The share of steps that must increase the loss; with fewer the step size is halved."""
MOMENTUM = 0.75
"""The share of the new step; the rest is the step before."""


@dataclass(frozen=True)
class Ascent:
    """One run of APGD on n samples.

    x_best_adv: [n,C,H,W], each sample's iterate of lowest logit margin; margins: [n], its margin, inf where no iterate
    had finite logits; losses: [steps+1,n], of every iterate, the start first.
    """

    x_best_adv: Tensor
    margins: Tensor
    losses: Tensor


def apgd_attack(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: LpNorm,
    eps: float,
    steps: int,
    loss: Loss,
    n_runs: int,
    n_targets: int,
    noise: Noise,
    batch_capacity: int,
) -> Tensor:
    """The image of lowest margin that `n_runs` runs find for each of x [n,C,H,W] with labels y [n].

    A sample's runs end with the first that breaks it. n_targets: target classes of the targeted loss, which the runs
    take in turn, the second most likely first; 0 for the other losses. Several runs share a batch where they fit into
    `batch_capacity` images, which changes no result.
    """

    def search(run: Run) -> tuple[Tensor, Tensor]:
        start = norm.random_start(run.x, run.eps, run.noise)
        found = ascend(model, run.x, run.y, norm, run.eps, steps, loss, start, run.targets)
        return found.x_best_adv, found.margins

    return lowest_margins(model, x, y, norm, eps, n_runs, n_targets, noise, batch_capacity, search)


def ascend(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: LpNorm,
    eps: Tensor,
    steps: int,
    loss: Loss,
    start: Tensor,
    targets: Tensor | None = None,
) -> Ascent:
    """One run from `start` [n,C,H,W] in the balls of radius eps [n,1,1,1] around x [n,C,H,W] in [0,1]."""
    ball, x_adv = norm.ball(x, eps), start
    step_size = 2.0 * eps
    period, least, decrease = max(int(0.22 * steps), 1), max(int(0.06 * steps), 1), max(int(0.03 * steps), 1)

    losses = torch.zeros(steps + 1, len(x), device=x.device)
    losses[0], grad, margins = losses_gradient_margins(model, x_adv, y, loss, targets)
    not_finite = margins.isinf()
    if bool(not_finite.any()):  # without finite logits there is no gradient to follow: start from the clean image
        x_adv = torch.where(per_image(not_finite), x, x_adv)
        losses[0], grad, margins = losses_gradient_margins(model, x_adv, y, loss, targets)
    x_best, grad_best, loss_best = x_adv, grad, losses[0].clone()
    x_best_adv, margin_best = x_adv, margins
    loss_at_check, reduced = loss_best.clone(), torch.ones_like(y, dtype=torch.bool)
    # What the authors' code compares the first step's loss with: 0, the last row of a table not yet written.
    loss_before_start = torch.zeros(1, len(x), device=x.device)
    x_adv_old, steps_since_check = x_adv, 0
    for step in range(1, steps + 1):
        momentum, x_adv_old = x_adv - x_adv_old, x_adv
        share = MOMENTUM if step > 1 else 1.0
        z = ball.step(x_adv, grad, step_size)
        x_adv = ball.project(z.sub_(x_adv).mul_(share).add_(x_adv).add_(momentum.mul_(1 - share)))
        losses[step], grad, margins = losses_gradient_margins(model, x_adv, y, loss, targets)

        lower = margins < margin_best
        x_best_adv = torch.where(per_image(lower), x_adv, x_best_adv)
        margin_best = torch.where(lower, margins, margin_best)
        higher = losses[step] > loss_best
        x_best = torch.where(per_image(higher), x_adv, x_best)
        grad_best = torch.where(per_image(higher), grad, grad_best)
        loss_best = torch.where(higher, losses[step], loss_best)

        steps_since_check += 1
        if steps_since_check == period:
            window = losses[step - period + 1 : step + 1]
            before = losses[step - period : step] if step > period else torch.cat([loss_before_start, losses[1:step]])
            oscillates = (window > before).sum(dim=0) <= period * RHO
            stuck = ~reduced & (loss_at_check >= loss_best)
            reduced = oscillates | stuck
            loss_at_check = loss_best.clone()
            step_size = torch.where(per_image(reduced), step_size / 2.0, step_size)
            x_adv = torch.where(per_image(reduced), x_best, x_adv)
            grad = torch.where(per_image(reduced), grad_best, grad)
            steps_since_check, period = 0, max(period - decrease, least)
    return Ascent(x_best_adv, margin_best, losses)
