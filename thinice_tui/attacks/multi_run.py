"""Several runs of an attack in one batch, where few samples are left: a small batch wastes the device."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import LpNorm


@dataclass(frozen=True)
class Run:
    """What a search is given: m images [m,C,H,W] with labels [m], radii [m,1,1,1], noise as drawn, target classes."""

    x: Tensor
    y: Tensor
    eps: Tensor
    noise: Tensor
    targets: Tensor | None


Search = Callable[[Run], tuple[Tensor, Tensor]]
"""From a run to each sample's image of lowest logit margin [m,C,H,W], and that margin [m]."""


def lowest_margins(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: LpNorm,
    eps: float,
    n_runs: int,
    n_targets: int,
    noise: Noise,
    batch_capacity: int,
    search: Search,
) -> Tensor:
    """The image of lowest margin that `n_runs` runs of `search` find for each of x [n,C,H,W] with labels y [n].

    A sample's runs end with the first that breaks it. n_targets: the runs have so many target classes in turn, the
    second most likely first, and begin again with it at each restart; 0: they have none. Several runs share a batch
    where they fit into `batch_capacity` images, which changes no result.
    """
    x_best_adv = x.clone()
    ranking = model(x).argsort(dim=1)
    robust = ranking[:, -1] == y
    margin_best = torch.full(y.shape, torch.inf, device=x.device)
    run = 0
    while run < n_runs and (index := robust.nonzero().flatten()).numel():
        runs = runs_per_batch(n_runs - run, len(index), batch_capacity)
        rows = index.repeat(runs)
        targets = target_classes(ranking, rows, run, runs, n_targets) if n_targets else None
        radius = torch.full((len(rows), 1, 1, 1), eps, dtype=x.dtype, device=x.device)
        drawn = noise.of(rows).each(norm.draw, x.shape[1:], run_numbers(run, runs, len(index)), x.device)
        images, margins = search(Run(x[rows], y[rows], radius, drawn, targets))
        margins, images = decisive_run(margins, images, runs, 0.0)
        better = margins < margin_best[index]
        x_best_adv[index[better]] = images[better]
        margin_best[index[better]] = margins[better]
        robust[index] = margins > 0
        run += runs
    return x_best_adv


def runs_per_batch(runs_left: int, samples: int, batch_capacity: int) -> int:
    """How many of the runs left on `samples` samples fit into a batch of `batch_capacity` images; at least one."""
    return max(1, min(runs_left, batch_capacity // samples))


def target_classes(ranking: Tensor, rows: Tensor, first_run: int, runs: int, n_targets: int) -> Tensor:
    """The target class of each row, [len(rows)], for `runs` runs from number `first_run` on.

    ranking: [n,C], each sample's classes from the least to the most likely; rows: samples, once for each run. The
    first run's target is the second most likely class, the next one's the third; after `n_targets` it begins anew.
    """
    places = torch.arange(first_run, first_run + runs, device=rows.device) % n_targets + 2
    return ranking[rows, -places.repeat_interleave(len(rows) // runs)]


def run_numbers(first_run: int, runs: int, samples: int) -> list[int]:
    """The number of the run of each row, for `runs` runs on `samples` samples, one run after the other."""
    return [run for run in range(first_run, first_run + runs) for _ in range(samples)]


def decisive_run(values: Tensor, images: Tensor, runs: int, enough: float) -> tuple[Tensor, Tensor]:
    """For each sample the run that it ends with: values [n] and images [n,C,H,W], chosen from [runs·n] and [runs·n,…].

    It is the first run whose value is at most `enough`, as if later ones had not been, else the one of lowest value.
    """
    if runs == 1:
        return values, images
    each = values.view(runs, -1)
    reached = each <= enough
    run = torch.where(reached.any(dim=0), reached.int().argmax(dim=0), each.argmin(dim=0))
    samples = torch.arange(each.shape[1], device=values.device)
    return each[run, samples], images[run * each.shape[1] + samples]
