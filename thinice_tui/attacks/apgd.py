"""Auto-PGD (Croce and Hein 2020, arXiv 2003.01690; under L1: 2021, arXiv 2103.01208) with every loss it is used with.

Why not torchattacks': its APGDT uses the first sample's step size for the whole batch under L2 (apgdt.py:200); where it
fails it returns the clean image, although the iterate of lowest margin is what a margin under attack needs; it drops
the losses of the iterates, which tell whether the optimisation converged; and its bookkeeping takes up to a tenth of a
fast model's time. The iterates here are the authors', bit for bit.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.attacks.apgd_steps import HalvingSteps, SparseSteps, Steps
from thinice_tui.attacks.losses import losses_gradient_margins
from thinice_tui.attacks.multi_run import Run, lowest_margins
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import L1, LpNorm, per_image
from thinice_tui.protocol.attacks import Loss, large_eps_parts


@dataclass(frozen=True)
class Ascent:
    """One run of APGD on n samples.

    x_best_adv: [n,C,H,W], each sample's iterate of lowest logit margin; margins: [n], its margin, inf where no iterate
    had finite logits; losses: [steps+1,n], of every iterate, the start first; x_best: [n,C,H,W], the iterate of
    highest loss.
    """

    x_best_adv: Tensor
    margins: Tensor
    losses: Tensor
    x_best: Tensor


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
    large_eps: bool = False,
) -> Tensor:
    """The image of lowest margin that `n_runs` runs find for each of x [n,C,H,W] with labels y [n].

    A sample's runs end with the first that breaks it. n_targets: target classes of the targeted loss, which the runs
    take in turn, the second most likely first; 0 for the other losses. Several runs share a batch where they fit into
    `batch_capacity` images, which changes no result. large_eps: whether a run begins in larger balls (LARGE_EPS).
    """

    def search(run: Run) -> tuple[Tensor, Tensor]:
        if large_eps:
            found = ascend_large_eps(model, run.x, run.y, norm, run.eps, steps, loss, run.noise, run.targets)
        else:
            start = norm.random_start(run.x, run.eps, run.noise)
            found = ascend(model, run.x, run.y, norm, run.eps, steps, loss, start, run.targets)
        return found.x_best_adv, found.margins

    return lowest_margins(model, x, y, norm, eps, n_runs, n_targets, noise, batch_capacity, search)


def ascend_large_eps(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: LpNorm,
    eps: Tensor,
    steps: int,
    loss: Loss,
    noise: Tensor,
    targets: Tensor | None = None,
) -> Ascent:
    """One run through ever smaller balls, the last of radius eps [n,1,1,1]; returns what it found in the last.

    Each but the first begins at the best iterate of the one before, moved into the ball. (Croce and Hein 2021, section
    4.3.) noise: as drawn, [n,C,H,W].
    """
    (first, part), *others = large_eps_parts(steps)
    found = ascend(model, x, y, norm, first * eps, part, loss, norm.random_start(x, first * eps, noise), targets)
    for factor, part in others:
        start = norm.ball(x, factor * eps).project(found.x_best).clamp_(0.0, 1.0)
        found = ascend(model, x, y, norm, factor * eps, part, loss, start, targets)
    return found


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
    x_adv = start
    losses = torch.zeros(steps + 1, len(x), device=x.device)
    losses[0], grad, margins = losses_gradient_margins(model, x_adv, y, loss, targets)
    not_finite = margins.isinf()
    if bool(not_finite.any()):  # without finite logits there is no gradient to follow: start from the clean image
        x_adv = torch.where(per_image(not_finite), x, x_adv)
        losses[0], grad, margins = losses_gradient_margins(model, x_adv, y, loss, targets)
    x_best, grad_best, loss_best = x_adv, grad, losses[0].clone()
    x_best_adv, margin_best = x_adv, margins
    moves: Steps
    if isinstance(norm, L1):
        moves = SparseSteps(x, eps, steps, x_adv)
    else:
        moves = HalvingSteps(norm.ball(x, eps), eps, steps, x_adv, loss_best)
    for step in range(1, steps + 1):
        x_adv = moves.next(x_adv, grad)
        losses[step], grad, margins = losses_gradient_margins(model, x_adv, y, loss, targets)

        lower = margins < margin_best
        x_best_adv = torch.where(per_image(lower), x_adv, x_best_adv)
        margin_best = torch.where(lower, margins, margin_best)
        higher = losses[step] > loss_best
        x_best = torch.where(per_image(higher), x_adv, x_best)
        grad_best = torch.where(per_image(higher), grad, grad_best)
        loss_best = torch.where(higher, losses[step], loss_best)

        back = moves.check(step, losses, loss_best, x_best)
        if back is not None:
            x_adv = torch.where(per_image(back), x_best, x_adv)
            grad = torch.where(per_image(back), grad_best, grad)
    return Ascent(x_best_adv, margin_best, losses, x_best)
