"""Several runs of an attack in one batch, where few samples are left: a small batch wastes the device."""

import torch
from torch import Tensor


def runs_per_batch(runs_left: int, samples: int, batch_capacity: int) -> int:
    """How many of the runs left on `samples` samples fit into a batch of `batch_capacity` images; at least one."""
    return max(1, min(runs_left, batch_capacity // samples))


def target_classes(ranking: Tensor, rows: Tensor, first_run: int, runs: int) -> Tensor:
    """The target class of each row, [len(rows)], for `runs` runs from number `first_run` on.

    ranking: [n,C], each sample's classes from the least to the most likely; rows: samples, once for each run. The
    first run's target is the second most likely class.
    """
    places = torch.arange(first_run + 2, first_run + 2 + runs, device=rows.device)
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
