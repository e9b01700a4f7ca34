"""Square Attack (Andriushchenko et al. 2020, arXiv 1912.00049): random search, without gradients.

Why not torchattacks': it copies the whole batch several times a query, and thousands of sequential queries take most of
an ensemble's time; its L2 form sums the windows' norms over channels where the authors' code keeps them per channel
(square.py:348); and both its forms fail on images that are not square, or lower than 5 pixels. Given the same random
numbers, the results on square images are the authors'. As in their code, all samples share a query's windows.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import EllipsisType
from typing import Protocol

import torch
from torch import Tensor

from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.l1_ball import pull_in
from thinice_tui.attacks.losses import lowered_margins
from thinice_tui.attacks.noise import Noise, signs
from thinice_tui.attacks.norms import per_image
from thinice_tui.protocol.threat_model import Norm

P_INIT = 0.8
"""The share of the image that the first window covers; it shrinks from query to query."""
SCHEDULE = ((10, 1), (50, 2), (200, 4), (500, 8), (1000, 16), (2000, 32), (4000, 64), (6000, 128), (8000, 256))
"""Pairs (query, divisor): up to that query the window covers P_INIT / divisor; after the last, P_INIT / 512."""

Bump = Callable[[int, bool], Tensor]
"""From a side and whether it lies to a bump, as _bump returns it."""


def square_attack(
    model: CountingModel, x: Tensor, y: Tensor, norm: Norm, eps: float, n_queries: int, n_restarts: int, noise: Noise
) -> Tensor:
    """The image of lowest margin found for each of x [n,C,H,W] with labels y [n]; broken samples are not queried."""
    x_best_adv = x.clone()
    margin_best = lowered_margins(model(x), y)
    for restart in range(n_restarts):
        index = (margin_best > 0).nonzero().flatten()
        if not index.numel():
            break
        drawn = SquareNoise(noise.of(index), restart)
        x_best_adv[index], margin_best[index] = SEARCHES[norm](model, x[index], y[index], eps, n_queries, drawn)
    return x_best_adv


def _side(query: int, height: int, width: int, least: int) -> int:
    """The window's side at the `query`-th query, in pixels."""
    divisor = next((divisor for until, divisor in SCHEDULE if query <= until), 512)
    return max(round(math.sqrt(P_INIT / divisor * height * width)), least)


@dataclass(frozen=True)
class SquareNoise:
    """The random numbers of one restart for the samples that are searched: `own` of each, `shared` by all."""

    noise: Noise
    restart: int

    def own_signs(self, shape: Sequence[int], device: torch.device) -> Tensor:
        """−1 or 1 at random, [n,*shape], each sample's own."""
        return self.noise.each(signs, shape, self.restart, device)

    def shared(self, *shape: int) -> Tensor:
        """Uniform in [0,1), on the CPU, the same for all samples."""
        return self.noise.shared(shape, self.restart)


def _search_linf(
    model: CountingModel, x: Tensor, y: Tensor, eps: float, n_queries: int, noise: SquareNoise
) -> tuple[Tensor, Tensor]:
    """Each query moves a window of every image to the ball's surface, up or down by channel."""
    n, channels, height, width = x.shape
    stripes = noise.own_signs([channels, 1, width], x.device)
    found, margins = _start(model, x, y, torch.clamp(x + eps * stripes, 0.0, 1.0))
    index = torch.arange(n, device=x.device)
    low, high, labels = (x - eps).clamp_(min=0.0), (x + eps).clamp_(max=1.0), y
    x_best, margin_best = found.clone(), margins.clone()
    sides = [min(_side(query, height, width, 1), height, width) for query in range(n_queries)]
    # For each query its window's place, then which way the window moves each channel.
    drawn = noise.shared(n_queries, 2 + channels)
    span = torch.tensor([height, width]) - torch.tensor(sides)[:, None]
    places = (drawn[:, :2] * span).long().tolist()
    steps = (2.0 * eps * torch.sign(2 * drawn[:, 2:] - 1)).to(x.device)[:, :, None, None]
    for side, (top, left), step in zip(sides, places, steps, strict=True):
        robust = (margin_best > 0).nonzero().flatten()  # the one time in a query that the CPU waits for a GPU
        if len(robust) < len(index):
            found[index], margins[index] = x_best, margin_best
            low, high, labels, x_best, margin_best, index = (
                part[robust] for part in (low, high, labels, x_best, margin_best, index)
            )
        if not len(index):
            return found, margins
        window = (..., slice(top, top + side), slice(left, left + side))
        patch = x_best[window]  # a view: x_best is changed in place and changed back where the query does not help
        before = patch.clone()
        moved = torch.maximum(before + step, low[window])
        moved = torch.minimum(moved, high[window], out=moved)
        patch.copy_(moved)
        margins_moved = lowered_margins(model(x_best), labels)
        lower = margins_moved < margin_best
        patch.copy_(torch.where(per_image(lower), moved, before))
        margin_best = torch.where(lower, margins_moved, margin_best)
    found[index], margins[index] = x_best, margin_best
    return found, margins


class Bumps(Protocol):
    """What the search by bumps needs of a norm."""

    fading: int
    """The weight of a bump's k-th rectangle is 1/k to this power."""
    amplified: bool
    """Whether a new bump is multiplied by the number of channels; `moved` takes back what is too much."""

    def lengths(self, delta: Tensor) -> Tensor:
        """The lengths [n,C,1,1] of each channel of perturbations [n,C,H,W]."""

    def gathered(self, delta: Tensor, mask: Tensor, eps: float) -> Tensor:
        """The lengths [n,C,1,1] for a window: those of δ [n,C,H,W] where mask [1,1,H,W] is 1, and what eps leaves."""

    def moved(self, clean: Tensor, delta: Tensor, eps: float) -> Tensor:
        """Clean images [n,C,H,W] moved along δ by about eps, within eps and in [0,1]."""


class _L2Bumps:
    fading, amplified = 2, False

    def lengths(self, delta: Tensor) -> Tensor:
        return delta.square().sum(dim=(-2, -1), keepdim=True).sqrt()

    def gathered(self, delta: Tensor, mask: Tensor, eps: float) -> Tensor:
        image = delta.square().sum(dim=(1, 2, 3), keepdim=True)
        windows = (delta * mask).square().sum(dim=(-2, -1), keepdim=True)
        return ((eps**2 - image).clamp(min=0) / delta.shape[1] + windows).sqrt()

    def moved(self, clean: Tensor, delta: Tensor, eps: float) -> Tensor:
        return (clean + _unit(delta) * eps).clamp(0, 1)


class _L1Bumps:
    """(Croce and Hein 2021, arXiv 2103.01208.)"""

    fading, amplified = 4, True

    def lengths(self, delta: Tensor) -> Tensor:
        return delta.abs().sum(dim=(-2, -1), keepdim=True)

    def gathered(self, delta: Tensor, mask: Tensor, eps: float) -> Tensor:
        image = per_image(delta.abs().flatten(1).sum(dim=1))
        windows = (delta * mask).abs().sum(dim=(-2, -1), keepdim=True)
        return (eps - image).clamp(min=0) / delta.shape[1] + windows

    def moved(self, clean: Tensor, delta: Tensor, eps: float) -> Tensor:
        radius = torch.full((len(clean), 1, 1, 1), eps * (1 - 1e-6), dtype=clean.dtype, device=clean.device)
        return clean + delta + pull_in(clean, delta, radius)


def _search_bumps(
    bumps: Bumps, model: CountingModel, x: Tensor, y: Tensor, eps: float, n_queries: int, noise: SquareNoise
) -> tuple[Tensor, Tensor]:
    """Each query gathers the perturbation of two windows in one of them, and spends what is left of eps there."""
    channels, height, width = x.shape[1:]
    corners = _tile_corners(height, width)
    # The tiles of the start come first, then the queries: each with signs by sample and channel, one bump for all.
    own_signs = noise.own_signs([len(corners) + n_queries, channels, 1, 1], x.device)
    shared = noise.shared(len(corners) + n_queries, 5)
    bump = cache(partial(_bump, bumps, x.device))
    tiles = _tiles(bump, x, corners, own_signs, shared[:, 4].tolist())
    found, margins = _start(model, x, y, bumps.moved(x, tiles, eps))
    index, clean, labels = torch.arange(len(x), device=x.device), x, y
    x_best, margin_best = found.clone(), margins.clone()
    for query in range(n_queries):
        robust = (margin_best > 0).nonzero().flatten()  # the one time in a query that the CPU waits for a GPU
        if len(robust) < len(index):
            found[index], margins[index] = x_best, margin_best
            clean, labels, x_best, margin_best, index = (
                part[robust] for part in (clean, labels, x_best, margin_best, index)
            )
        if not len(index):
            return found, margins
        side = _side(query, height, width, 3)
        side = min(side + (side % 2 == 0), height, width)
        number = len(corners) + query
        x_adv = _proposal(
            bumps, bump, clean, x_best - clean, side, eps, own_signs[index, number], shared[number].tolist()
        )
        margins_moved = lowered_margins(model(x_adv), labels)
        lower = margins_moved < margin_best
        x_best = torch.where(per_image(lower), x_adv, x_best)
        margin_best = torch.where(lower, margins_moved, margin_best)
    found[index], margins[index] = x_best, margin_best
    return found, margins


Search = Callable[[CountingModel, Tensor, Tensor, float, int, SquareNoise], tuple[Tensor, Tensor]]
SEARCHES: dict[Norm, Search] = {
    "Linf": _search_linf,
    "L2": partial(_search_bumps, _L2Bumps()),
    "L1": partial(_search_bumps, _L1Bumps()),
}


def _start(model: CountingModel, x: Tensor, y: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
    """The images to start from and their margins: those `drawn`, or the clean ones where logits are not finite."""
    margins = lowered_margins(model(drawn), y)
    not_finite = margins.isinf().nonzero().flatten()
    if not_finite.numel():
        drawn[not_finite] = x[not_finite]
        margins[not_finite] = lowered_margins(model(x[not_finite]), y[not_finite])
    return drawn, margins


def _proposal(
    bumps: Bumps,
    bump: Bump,
    clean: Tensor,
    delta: Tensor,
    side: int,
    eps: float,
    own_signs: Tensor,
    shared: Sequence[float],
) -> Tensor:
    """The next query's images: the perturbation of two windows gathered in the first, up to a length of eps.

    delta: [n,C,H,W], is overwritten; own_signs: [n,C,1,1]; shared: five numbers in [0,1), for the places of the windows
    and how the bump lies.
    """
    height, width = clean.shape[2:]
    window = _window(height, width, side, shared[0], shared[1])
    other = _window(height, width, side, shared[2], shared[3])
    mask = torch.zeros_like(clean[:1, :1])
    mask[window] = 1
    mask[other] = 1
    length = bumps.gathered(delta, mask, eps)
    fresh = bump(side, shared[4] > 0.5) * own_signs
    kept = delta[window]
    fresh = fresh + kept / (1e-12 + bumps.lengths(kept))
    fresh = fresh / (1e-12 + bumps.lengths(fresh))
    delta[other] = 0
    delta[window] = fresh * length * (clean.shape[1] if bumps.amplified else 1)
    return bumps.moved(clean, delta, eps)


def _tile_corners(height: int, width: int) -> list[tuple[int, int]]:
    """The upper left corners of the tiles that the search by bumps starts with."""
    side = _tile_side(height, width)
    tops, lefts = (range((size % side) // 2, size - side + 1, side) for size in (height, width))
    return [(top, left) for top in tops for left in lefts]


def _tile_side(height: int, width: int) -> int:
    return max(min(height, width) // 5, 1)


def _tiles(
    bump: Bump, x: Tensor, corners: Sequence[tuple[int, int]], own_signs: Tensor, lies: Sequence[float]
) -> Tensor:
    """The start of the search by bumps: a grid of tiles, each with a sign per sample and channel.

    own_signs: [n,tiles or more,C,1,1]; lies: as many numbers in [0,1), above 0.5 where the tile's bump lies.
    """
    side, delta = _tile_side(*x.shape[2:]), torch.zeros_like(x)
    for number, (top, left) in enumerate(corners):
        tile = bump(side, lies[number] > 0.5) * own_signs[:, number]
        delta[:, :, top : top + side, left : left + side] += tile
    return delta


def _bump(bumps: Bumps, device: torch.device, side: int, lies: bool) -> Tensor:
    """[1,1,side,side], of length 1: a bump in one half and its negative in the other; lies: beside it, not below."""
    delta = torch.zeros(side, side)
    delta[: side // 2] = _half_bump(bumps, side // 2, side)
    delta[side // 2 :] = -_half_bump(bumps, side - side // 2, side)
    delta /= bumps.lengths(delta)
    if lies:
        delta = delta.T
    return delta.to(device).view(1, 1, side, side)


def _half_bump(bumps: Bumps, height: int, width: int) -> Tensor:
    """[height,width], of length 1: nested rectangles around the middle, of falling weights."""
    delta, fading = torch.zeros(height, width), bumps.fading
    row, column = height // 2, width // 2
    for ring in range(max(height // 2, width // 2) + 1):
        top, left, size = row - ring, column - ring, 2 * ring + 1
        inside = slice(max(top, 0), min(top + size, height)), slice(max(left, 0), min(left + size, width))
        delta[inside] += 1.0 / (ring + 1) ** fading
    return delta / bumps.lengths(delta)


def _window(height: int, width: int, side: int, row: float, column: float) -> tuple[EllipsisType, slice, slice]:
    """The window of that side at a place that two numbers in [0,1) choose, as an index into images."""
    top, left = int((height - side) * row), int((width - side) * column)
    return ..., slice(top, top + side), slice(left, left + side)


def _unit(delta: Tensor) -> Tensor:
    return delta / (delta.flatten(1).square().sum(dim=1).sqrt().view(-1, 1, 1, 1) + 1e-12)
