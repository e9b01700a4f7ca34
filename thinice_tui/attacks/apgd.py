"""Auto-PGD (Croce and Hein 2020, arXiv 2003.01690), in all its forms.

Our own, for four reasons. torchattacks' APGDT uses the first sample's step size for the whole batch under L2
(apgdt.py:200); it hands back the clean image where it fails, whereas the worst point it saw tells the sample's
margin under attack; its trace of losses, which says whether the optimisation had come to rest, is lost; and
its bookkeeping costs as much as a tenth of a fast model's passes. Its iterates are the authors', bit for bit.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.attacks.losses import Loss, loss_of, lowered_margins
from thinice_tui.attacks.multi_run import lowest, runs_at_once, target_classes
from thinice_tui.protocol.threat_model import Norm

RHO = 0.75
"""The share of steps that must improve the loss, else the step size is halved."""


@dataclass(frozen=True)
class Ascent:
    """One run of APGD on n samples.

    images: [n,C,H,W], of each sample the iterate of lowest logit margin, and margins: [n], that margin, inf where no
    iterate had finite logits;
    losses: [steps+1,n], of every iterate, the random start first; last: [n], the last iterate's margin.
    """

    images: Tensor
    margins: Tensor
    losses: Tensor
    last: Tensor


def apgd_attack(
    model: nn.Module, x: Tensor, y: Tensor, norm: Norm, eps: float, steps: int, loss: Loss, runs: int, room: int
) -> Tensor:
    """`runs` ascents, each on what still stands; of each sample the image of lowest margin among them.

    For the targeted loss, each run has its own target: the second most likely class of the clean image first.
    Several runs at once where they fit into a batch of `room` images.
    """
    worst = x.clone()
    ranking = model(x).argsort(dim=1)
    standing = ranking[:, -1] == y
    lowest_margin = torch.full(y.shape, torch.inf, device=x.device)
    run = 0
    while run < runs and (index := standing.nonzero().flatten()).numel():
        together = runs_at_once(runs - run, len(index), room)
        rows = index.repeat(together)
        targets = target_classes(ranking, rows, run, together) if loss == "targeted" else None
        radius = torch.full((len(rows), 1, 1, 1), eps, dtype=x.dtype, device=x.device)
        found = ascend(model, x[rows], y[rows], norm, radius, steps, loss, targets)
        margins, images = lowest(found.margins, found.images, together)
        better = margins < lowest_margin[index]
        worst[index[better]] = images[better]
        lowest_margin[index[better]] = margins[better]
        standing[index] = margins > 0
        run += together
    return worst


def ascend(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: Norm,
    eps: Tensor,
    steps: int,
    loss: Loss,
    targets: Tensor | None = None,
    start: Tensor | None = None,
) -> Ascent:
    """One run from `start`, or a random one, in the balls of radius eps [n,1,1,1] around x [n,C,H,W] in [0,1]."""
    low, high = (x - eps).clamp_(min=0.0), (x + eps).clamp_(max=1.0)
    point = random_start(x, norm, eps) if start is None else start
    step_size = 2.0 * eps
    period, least, decrease = max(int(0.22 * steps), 1), max(int(0.06 * steps), 1), max(int(0.03 * steps), 1)

    losses = torch.zeros(steps + 1, len(x), device=x.device)
    losses[0], gradient, margins = _evaluate(model, point, y, loss, targets)
    blind = margins.isinf()
    if bool(blind.any()):  # no logits at the start, and so no gradient to leave it by: from the clean image
        point = torch.where(_each(blind), x, point)
        losses[0], gradient, margins = _evaluate(model, point, y, loss, targets)
    best, best_gradient, best_loss = point, gradient, losses[0].clone()
    deepest, lowest = point, margins
    loss_at_check, reduced = best_loss.clone(), torch.ones_like(y, dtype=torch.bool)
    # What the authors' code compares the first step's loss with: 0, the table's last row, not yet written.
    before_first = torch.zeros(1, len(x), device=x.device)
    previous, since_check = point, 0
    for step in range(1, steps + 1):
        momentum, previous = point - previous, point
        share = 0.75 if step > 1 else 1.0
        if norm == "Linf":
            moved = _between(low, gradient.sign().mul_(step_size).add_(point), high)
            moved = moved.sub_(point).mul_(share).add_(point).add_(momentum.mul_(1 - share))
            point = _between(low, moved, high)
        else:
            moved = _into_ball(x, point + step_size * gradient / (_length(gradient) + 1e-12), eps, 0.0)
            moved = point + (moved - point) * share + momentum * (1 - share)
            point = _into_ball(x, moved, eps, 1e-12)
        losses[step], gradient, margins = _evaluate(model, point, y, loss, targets)

        deeper = margins < lowest
        deepest = torch.where(_each(deeper), point, deepest)
        lowest = torch.where(deeper, margins, lowest)
        better = losses[step] > best_loss
        best = torch.where(_each(better), point, best)
        best_gradient = torch.where(_each(better), gradient, best_gradient)
        best_loss = torch.where(better, losses[step], best_loss)

        since_check += 1
        if since_check == period:
            window = losses[step - period + 1 : step + 1]
            prior = losses[step - period : step] if step > period else torch.cat([before_first, losses[1:step]])
            oscillates = (window > prior).sum(dim=0) <= period * RHO
            stuck = ~reduced & (loss_at_check >= best_loss)
            reduced = oscillates | stuck
            loss_at_check = best_loss.clone()
            step_size = torch.where(_each(reduced), step_size / 2.0, step_size)
            point = torch.where(_each(reduced), best, point)
            gradient = torch.where(_each(reduced), best_gradient, gradient)
            since_check, period = 0, max(period - decrease, least)
    return Ascent(deepest, lowest, losses, margins)


def _evaluate(
    model: nn.Module, point: Tensor, y: Tensor, loss: Loss, targets: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Losses [n], their gradient at `point`, and logit margins [n], inf where logits are not finite."""
    inputs = point.detach().requires_grad_()
    with torch.enable_grad():
        logits = model(inputs)
        losses = loss_of(loss, logits, y, targets)
        (gradient,) = torch.autograd.grad(losses.sum(), inputs)
    return losses.detach(), gradient, lowered_margins(logits.detach(), y)


def random_start(x: Tensor, norm: Norm, eps: Tensor) -> Tensor:
    """Linf: uniform noise scaled so that its largest entry is eps; L2: a random direction of length eps."""
    if norm == "Linf":
        noise = 2 * torch.rand(x.shape).to(x.device) - 1
        length = noise.flatten(1).abs().amax(dim=1).view(-1, 1, 1, 1)
    else:
        noise = torch.randn(x.shape).to(x.device)
        length = _length(noise) + 1e-12
    return (x + eps * noise / length).clamp_(0.0, 1.0)


def _into_ball(x: Tensor, moved: Tensor, eps: Tensor, tiny: float) -> Tensor:
    delta = moved - x
    length = _length(delta)
    return torch.clamp(x + delta / (length + 1e-12) * torch.min(eps, length + tiny), 0.0, 1.0)


def _between(low: Tensor, moved: Tensor, high: Tensor) -> Tensor:
    """`moved`, in place; torch.clamp between tensors takes five times as long on a CPU."""
    return torch.minimum(torch.maximum(moved, low, out=moved), high, out=moved)


def _length(delta: Tensor) -> Tensor:
    return (delta**2).sum(dim=(1, 2, 3), keepdim=True).sqrt()


def _each(mask: Tensor) -> Tensor:
    return mask.view(-1, 1, 1, 1)
