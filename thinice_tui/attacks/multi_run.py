"""Several runs of an attack at once, where few samples still stand: a small batch wastes the device."""

import torch
from torch import Tensor


def runs_at_once(left: int, standing: int, room: int) -> int:
    """How many of the `left` runs on `standing` samples fill a batch of `room` images; at least one."""
    return max(1, min(left, room // standing))


def target_classes(ranking: Tensor, rows: Tensor, run: int, runs: int) -> Tensor:
    """The targets [len(rows)] of `runs` runs from number `run` on: of `ranking` [n,C] the second last class first."""
    places = torch.arange(run + 2, run + 2 + runs, device=rows.device).repeat_interleave(len(rows) // runs)
    return ranking[rows, -places]


def lowest(values: Tensor, images: Tensor, runs: int) -> tuple[Tensor, Tensor]:
    """Of each sample the run of lowest value: values [n] and images [n,C,H,W] from those of all runs, [runs·n,…]."""
    if runs == 1:
        return values, images
    best, which = values.view(runs, -1).min(dim=0)
    samples = torch.arange(len(best), device=values.device)
    return best, images[which * len(best) + samples]
