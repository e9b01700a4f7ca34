"""The L1 ball within the cube [0,1]^d: its projection, sparse steps, and the nearest point of a hyperplane.

From Croce and Hein 2021 (arXiv 2103.01208, "Mind the box"), in the arithmetic of their code, so that iterates agree
with theirs.
"""

import torch
from torch import Tensor

SLOPES_FIRST = 256
"""Pixels that are sorted at first to reach a hyperplane; it seldom takes more."""
TOPK_SHARE = 0.25
"""Up to this share of a row, torch.topk is faster on a CPU than a sort."""


def pull_in(x: Tensor, delta: Tensor, eps: Tensor) -> Tensor:
    """The shortest change r [n,C,H,W] for which x + δ + r is in [0,1] and δ + r within eps [n,1,1,1] of 0 in L1.

    x: clean images [n,C,H,W] in [0,1]; delta: δ [n,C,H,W]. (Proposition 2.1: each |δ| is lowered by the same λ, by at
    least what brings the pixel back into the cube, and at most to 0. λ solves a piecewise linear equation.)
    """
    beyond = torch.minimum(1 - x - delta, x + delta).clamp_(max=0.0).neg_()
    return _lowering(delta, beyond, eps)


def shorten(delta: Tensor, eps: Tensor) -> Tensor:
    """The perturbations within eps [n,1,1,1] in L1 that are nearest to δ [n,C,H,W] in the Euclidean norm."""
    return delta + _lowering(delta, torch.zeros_like(delta), eps)


def _lowering(delta: Tensor, beyond: Tensor, eps: Tensor) -> Tensor:
    """The change of δ [n,C,H,W] that lowers every |δ| by at least `beyond` and brings them within eps."""
    least, lengths = beyond.flatten(1), delta.abs().flatten(1)
    needed, lowered = lengths.sum(dim=1) - eps.flatten(), least.sum(dim=1)
    if _makes_the_cpu_wait(delta):
        level = _level(least, lengths, lowered, needed)
        further = torch.minimum(torch.maximum(least, level), lengths)
        return delta.sign() * -torch.where((lowered < needed)[:, None], further, least).view_as(delta)
    lower = least
    rows = (lowered < needed).nonzero().flatten()
    if rows.numel():
        level = _level(least[rows], lengths[rows], lowered[rows], needed[rows])
        lower = least.index_copy(0, rows, torch.minimum(torch.maximum(least[rows], level), lengths[rows]))
    return delta.sign() * -lower.view_as(delta)


def _level(beyond: Tensor, lengths: Tensor, lowered: Tensor, needed: Tensor) -> Tensor:
    """λ [n,1] with Σ min(max(beyond, λ), lengths) = needed [n]; beyond ≤ lengths [n,d] sums to lowered < needed.

    Any number where lowered ≥ needed.
    """
    values = torch.cat([beyond, lengths], dim=1)
    count = values.shape[1]
    if not _makes_the_cpu_wait(values):  # breaks at 0 change no sum, and most are there: one of them is enough
        count = min(int((values > 0).sum(dim=1).max()) + 1, count)
    breaks, order = (part.flip(1) for part in _largest(values, count))
    signs = 2 * (order < beyond.shape[1]).to(breaks.dtype) - 1
    # How many pixels λ lowers from each break on: one more where it passes `beyond`, one less at `lengths`.
    active = signs.cumsum(dim=1) - signs.sum(dim=1, keepdim=True)
    gaps = torch.diff(breaks, dim=1, append=torch.zeros_like(breaks[:, :1]))
    reached = lowered[:, None] + (gaps * active).cumsum(dim=1)
    place = torch.searchsorted(reached, needed[:, None]).clamp_(max=breaks.shape[1] - 2)
    before = torch.where(place > 0, reached.gather(1, (place - 1).clamp(min=0)), lowered[:, None])
    return (needed[:, None] - before) / active.gather(1, place) + breaks.gather(1, place)


def sparse_step(gradient: Tensor, share: Tensor, length: Tensor) -> Tensor:
    """A step of that length [n,1,1,1] in L1: the signs of the largest entries of each gradient [n,C,H,W], else 0.

    share: [n], of the entries; at least one is kept, and with it those that are as large.
    """
    features = gradient[0].numel()
    magnitudes = gradient.abs()
    kept = features - torch.clamp((1.0 - share) * features, min=0, max=features - 1).long()[:, None]
    count = features if _makes_the_cpu_wait(kept) else int(kept.max())
    smallest = _largest(magnitudes.flatten(1), count)[0].gather(1, kept - 1)
    signs = (gradient * (magnitudes >= smallest.view(-1, 1, 1, 1)).to(gradient.dtype)).sign()
    return length * signs / (signs.abs().sum(dim=(1, 2, 3), keepdim=True) + 1e-10)


def onto_hyperplane_in_l1(points: Tensor, weights: Tensor, missing: Tensor) -> Tensor:
    """The δ [n,d] shortest in L1 with ⟨w, δ⟩ = missing [n] and p + δ in [0,1]^d, for points and weights [n,d].

    The pixels of the steepest slope move as far as the cube allows, one after the other, until enough is gained (Croce
    and Hein 2020, arXiv 1907.02044). Where no such point exists, the δ that comes nearest.
    """
    signs = weights.sign().mul_(missing.sign()[:, None])
    space = signs.clamp(min=0.0).sub_(points).abs_()
    slopes, wanted = weights.abs(), missing.abs()[:, None]
    first = min(SLOPES_FIRST, slopes.shape[1])
    steepest, order = slopes.topk(first, dim=1)
    if bool(((steepest * space.gather(1, order)).sum(dim=1) <= wanted.flatten()).any()):
        steepest, order = slopes.sort(dim=1, descending=True)
    room = space.gather(1, order)
    gained = (room * steepest).cumsum(dim=1)
    left = wanted - torch.cat([torch.zeros_like(wanted), gained[:, :-1]], dim=1)
    moves = torch.minimum(left.clamp_(min=0.0) / steepest.clamp(min=1e-30), room)
    return torch.zeros_like(space).scatter_(1, order, moves).mul_(signs)


def changed(x: Tensor, x_adv: Tensor) -> Tensor:
    """In how many entries each image [n,C,H,W] differs from the clean one, [n]."""
    return (x_adv - x != 0).flatten(1).sum(dim=1)


def _makes_the_cpu_wait(values: Tensor) -> bool:
    """Whether a look at values costs more there than work on what may not matter: on a GPU, where work is cheap."""
    return values.device.type != "cpu"


def _largest(values: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest of each row, the largest first, and their places; a whole sort where that is faster."""
    if count <= values.shape[1] * TOPK_SHARE:
        largest, places = values.topk(count, dim=1)
        return largest, places
    ordered, places = values.sort(dim=1, descending=True)
    return ordered[:, :count], places[:, :count]
