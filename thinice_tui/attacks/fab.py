"""FAB, the fast adaptive boundary attack (Croce and Hein 2020, arXiv 1907.02044), targeted and untargeted.

Our own, because torchattacks' spends half its time on a CPU sorting pixels (see projection.py), backpropagates the
label's own class, and drops what it finds just outside eps. The iterates are the authors', up to rounding.
"""

import torch
from torch import Tensor, nn

from thinice_tui.attacks.multi_run import lowest, runs_at_once, target_classes
from thinice_tui.attacks.projection import onto_hyperplane
from thinice_tui.protocol.threat_model import Norm

ALPHA_MAX = 0.1
"""The largest pull towards the clean image."""
ETA = 1.05
"""How far beyond the linearised boundary a step goes."""
BETA = 0.9
"""What is left of the perturbation after a step that found an adversarial image."""


def fab_attack(
    model: nn.Module, x: Tensor, y: Tensor, norm: Norm, eps: float, steps: int, targets: int, restarts: int, room: int
) -> Tensor:
    """The nearest adversarial image found for each of x [n,C,H,W], the clean one where none was.

    targets: the likeliest wrong classes, one after the other; 0: whichever boundary is nearest, `restarts` times.
    What is found within eps is not attacked again. Several runs at once where they fit into a batch of `room` images.
    """
    nearest = x.clone()
    ranking = model(x).argsort(dim=1)
    distance = torch.full(y.shape, torch.inf, device=x.device)
    distance[ranking[:, -1] != y] = 0.0
    run, runs = 0, max(targets, restarts)
    while run < runs and (index := (distance > eps).nonzero().flatten()).numel():
        first_restart = not targets and run == 0  # from the clean image, all others from random ones
        together = 1 if first_restart else runs_at_once(runs - run, len(index), room)
        rows = index.repeat(together)
        if targets:
            rivals = target_classes(ranking, rows, run, together)[:, None]
        else:
            rivals = _others(y[rows], ranking.shape[1])
        random_start = not targets and not first_restart
        found, far = _descend(model, x[rows], y[rows], rivals, norm, eps, steps, random_start)
        far, found = lowest(far, found, together)
        nearer = far < distance[index]
        nearest[index[nearer]] = found[nearer]
        distance[index[nearer]] = far[nearer]
        run += together
    return nearest


def _descend(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    rivals: Tensor,
    norm: Norm,
    eps: float,
    steps: int,
    random_start: bool,
) -> tuple[Tensor, Tensor]:
    """One run against the classes `rivals` [n,k]: the nearest adversarial images, and distances [n], inf where none."""
    clean = x.flatten(1)
    point = _random_start(x, norm, eps).flatten(1) if random_start else clean
    nearest, distance = clean.clone(), torch.full(y.shape, torch.inf, device=x.device)
    for _ in range(steps):
        gap, gradient = _nearest_boundary(model, point.view_as(x), y, rivals, norm)
        forth = onto_hyperplane(point, gradient, -gap, norm)
        direct = onto_hyperplane(clean, gradient, (gradient * (point - clean)).sum(dim=1) - gap, norm)
        a, b = (_size(delta, norm).clamp(min=1e-8) for delta in (forth, direct))
        alpha = (a / (a + b)).clamp(max=ALPHA_MAX)[:, None]
        point = (forth.mul_(ETA).add_(point)).mul_(1 - alpha).add_(direct.mul_(ETA).add_(clean).mul_(alpha))
        point = point.clamp_(0.0, 1.0)

        adversarial = _misclassified(model(point.view_as(x)), y)
        delta = point - clean
        far = _size(delta, norm)
        nearer = adversarial & (far < distance)
        nearest = torch.where(nearer[:, None], point, nearest)
        distance = torch.where(nearer, far, distance)
        point = torch.where(adversarial[:, None], delta.mul_(BETA).add_(clean), point)
    return nearest.view_as(x), distance


def _nearest_boundary(model: nn.Module, x: Tensor, y: Tensor, rivals: Tensor, norm: Norm) -> tuple[Tensor, Tensor]:
    """z_r − z_y [n] and its gradient [n,d] for the rival r whose linearised boundary is nearest in `norm`."""
    inputs = x.detach().requires_grad_()
    with torch.enable_grad():
        logits = model(inputs)
        logits = logits.where(torch.isfinite(logits).all(dim=1, keepdim=True), 0.0)  # there: towards the clean image
        gaps = logits.gather(1, rivals) - logits.gather(1, y[:, None])
        totals = gaps.sum(dim=0).unbind()
    gap, gradient, shortest = gaps[:, 0].detach(), torch.empty(0), torch.empty(0)
    for number, total in enumerate(totals):
        more = number + 1 < len(totals)
        (found,) = torch.autograd.grad(total, inputs, retain_graph=more)
        found = found.flatten(1)
        if len(totals) == 1:
            return gap, found
        dual = found.abs().sum(dim=1) if norm == "Linf" else found.norm(dim=1)
        length = gaps[:, number].detach().abs() / (1e-12 + dual)
        if number == 0:
            gradient, shortest = found, length
            continue
        shorter = length < shortest
        gradient = torch.where(shorter[:, None], found, gradient)
        gap = torch.where(shorter, gaps[:, number].detach(), gap)
        shortest = torch.where(shorter, length, shortest)
    return gap, gradient


def _misclassified(logits: Tensor, y: Tensor) -> Tensor:
    """Bool [n]; never where a logit is NaN or infinite, which `argmax` takes for the largest."""
    return (logits.argmax(dim=1) != y) & torch.isfinite(logits).all(dim=1)


def _others(y: Tensor, classes: int) -> Tensor:
    """All classes but the label: [n,classes−1]."""
    every = torch.arange(classes, device=y.device).expand(len(y), classes)
    return every[every != y[:, None]].view(len(y), classes - 1)


def _random_start(x: Tensor, norm: Norm, eps: float) -> Tensor:
    """Halfway to the ball's surface, in a random direction."""
    noise = 2 * torch.rand(x.shape).to(x.device) - 1 if norm == "Linf" else torch.randn(x.shape).to(x.device)
    length = _size(noise.flatten(1), norm).view(-1, 1, 1, 1)
    return (x + eps * noise / length * 0.5).clamp_(0.0, 1.0)


def _size(delta: Tensor, norm: Norm) -> Tensor:
    return delta.abs().amax(dim=1) if norm == "Linf" else delta.norm(dim=1)
