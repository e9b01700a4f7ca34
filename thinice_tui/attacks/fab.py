"""FAB, the fast adaptive boundary attack (Croce and Hein 2020, arXiv 1907.02044), targeted and untargeted.

Why not torchattacks': on a CPU it sorts pixels for half of its time (see projection.py), it backpropagates the label's
own class, and it drops what it finds just outside eps. The iterates are the authors', up to rounding.
"""

import torch
from torch import Tensor, nn

from thinice_tui.attacks.losses import misclassified
from thinice_tui.attacks.multi_run import decisive_run, run_numbers, runs_per_batch, target_classes
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import LpNorm, per_image

ALPHA_MAX = 0.1
"""The largest pull towards the clean image."""
ETA = 1.05
"""How far beyond the linearised boundary a step goes."""
BETA = 0.9
"""The share of the perturbation that is kept after a step that found an adversarial image."""


def fab_attack(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: LpNorm,
    eps: float,
    steps: int,
    n_target_classes: int,
    n_restarts: int,
    noise: Noise,
    batch_capacity: int,
) -> Tensor:
    """The nearest adversarial image found for each of x [n,C,H,W] with labels y [n], the clean one where none was.

    n_target_classes: each run has its own target class, the second most likely first; 0: untargeted, `n_restarts` runs.
    A sample's runs end with the first that finds an adversarial image within eps. Several runs share a batch where they
    fit into `batch_capacity` images, which changes no result.
    """
    x_best_adv = x.clone()
    ranking = model(x).argsort(dim=1)
    distance_best = torch.full(y.shape, torch.inf, device=x.device)
    distance_best[ranking[:, -1] != y] = 0.0
    run, n_runs = 0, max(n_target_classes, n_restarts)
    while run < n_runs and (index := (distance_best > eps).nonzero().flatten()).numel():
        untargeted = n_target_classes == 0
        from_clean = not untargeted or run == 0  # the restarts of the untargeted attack begin at random
        runs = 1 if untargeted and run == 0 else runs_per_batch(n_runs - run, len(index), batch_capacity)
        rows = index.repeat(runs)
        if untargeted:
            rivals = _other_classes(y[rows], ranking.shape[1])
        else:
            rivals = target_classes(ranking, rows, run, runs, n_target_classes)[:, None]
        clean = x[rows]
        start = clean
        if not from_clean:
            drawn = noise.of(rows).each(norm.draw, x.shape[1:], run_numbers(run, runs, len(index)), x.device)
            start = _random_start(clean, norm, eps, drawn)
        x_adv, distances = _descend(model, clean, y[rows], rivals, norm, steps, start)
        distances, x_adv = decisive_run(distances, x_adv, runs, eps)
        nearer = distances < distance_best[index]
        x_best_adv[index[nearer]] = x_adv[nearer]
        distance_best[index[nearer]] = distances[nearer]
        run += runs
    return x_best_adv


def _descend(
    model: nn.Module, x: Tensor, y: Tensor, rivals: Tensor, norm: LpNorm, steps: int, start: Tensor
) -> tuple[Tensor, Tensor]:
    """One run against the classes `rivals` [n,k]: the nearest adversarial images, and distances [n], inf where none."""
    clean, x_adv = x.flatten(1), start.flatten(1)
    x_best_adv, distance_best = clean.clone(), torch.full(y.shape, torch.inf, device=x.device)
    for _ in range(steps):
        gap, gradient = _nearest_boundary(model, x_adv.view_as(x), y, rivals, norm)
        from_iterate = norm.onto_hyperplane(x_adv, gradient, -gap)
        from_clean = norm.onto_hyperplane(clean, gradient, (gradient * (x_adv - clean)).sum(dim=1) - gap)
        a, b = (norm.lengths(delta).clamp(min=1e-8) for delta in (from_iterate, from_clean))
        alpha = (a / (a + b)).clamp(max=ALPHA_MAX)[:, None]
        x_adv = from_iterate.mul_(ETA).add_(x_adv).mul_(1 - alpha).add_(from_clean.mul_(ETA).add_(clean).mul_(alpha))
        x_adv = x_adv.clamp_(0.0, 1.0)

        adversarial = misclassified(model(x_adv.view_as(x)), y)
        delta = x_adv - clean
        distances = norm.lengths(delta)
        nearer = adversarial & (distances < distance_best)
        x_best_adv = torch.where(nearer[:, None], x_adv, x_best_adv)
        distance_best = torch.where(nearer, distances, distance_best)
        x_adv = torch.where(adversarial[:, None], delta.mul_(BETA).add_(clean), x_adv)
    return x_best_adv.view_as(x), distance_best


def _nearest_boundary(model: nn.Module, x: Tensor, y: Tensor, rivals: Tensor, norm: LpNorm) -> tuple[Tensor, Tensor]:
    """z_r − z_y [n] and its gradient [n,d] for the rival r whose linearised boundary is nearest in `norm`."""
    inputs = x.detach().requires_grad_()
    with torch.enable_grad():
        logits = model(inputs)
        logits = logits.where(torch.isfinite(logits).all(dim=1, keepdim=True), 0.0)  # such samples turn back to clean
        gaps = logits.gather(1, rivals) - logits.gather(1, y[:, None])
        totals = gaps.sum(dim=0).unbind()
    gap, gradient, shortest = gaps[:, 0].detach(), torch.empty(0), torch.empty(0)
    for number, total in enumerate(totals):
        more = number + 1 < len(totals)
        (found,) = torch.autograd.grad(total, inputs, retain_graph=more)
        found = found.flatten(1)
        if len(totals) == 1:
            return gap, found
        length = gaps[:, number].detach().abs() / (1e-12 + norm.dual_lengths(found))
        if number == 0:
            gradient, shortest = found, length
            continue
        shorter = length < shortest
        gradient = torch.where(shorter[:, None], found, gradient)
        gap = torch.where(shorter, gaps[:, number].detach(), gap)
        shortest = torch.where(shorter, length, shortest)
    return gap, gradient


def _other_classes(y: Tensor, classes: int) -> Tensor:
    """All classes but the label: [n,classes−1]."""
    every = torch.arange(classes, device=y.device).expand(len(y), classes)
    return every[every != y[:, None]].view(len(y), classes - 1)


def _random_start(x: Tensor, norm: LpNorm, eps: float, noise: Tensor) -> Tensor:
    """Halfway to the ball's surface, along the drawn noise [n,C,H,W]."""
    return (x + eps * noise / per_image(norm.lengths(noise.flatten(1))) * 0.5).clamp_(0.0, 1.0)
