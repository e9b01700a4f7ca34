"""Square Attack (Andriushchenko et al. 2020, arXiv 1912.00049): random search, without gradients.

Why not torchattacks': it copies the whole batch several times a query, and thousands of sequential queries take most of
an ensemble's time; its L2 form sums the windows' norms over channels where the authors' code keeps them per channel
(square.py:348); and both its forms fail on images that are not square, or lower than 5 pixels. On square images the
random numbers are drawn in the authors' order, and the results are theirs.
"""

import math
from collections.abc import Callable
from types import EllipsisType

import torch
from torch import Tensor

from thinice_tui.attacks.counting import CountingModel
from thinice_tui.attacks.losses import lowered_margins
from thinice_tui.attacks.norms import per_image
from thinice_tui.protocol.threat_model import Norm

P_INIT = 0.8
"""The share of the image that the first window covers; it shrinks from query to query."""
SCHEDULE = ((10, 1), (50, 2), (200, 4), (500, 8), (1000, 16), (2000, 32), (4000, 64), (6000, 128), (8000, 256))
"""Pairs (query, divisor): up to that query the window covers P_INIT / divisor; after the last, P_INIT / 512."""


def square_attack(
    model: CountingModel, x: Tensor, y: Tensor, norm: Norm, eps: float, n_queries: int, n_restarts: int
) -> Tensor:
    """The image of lowest margin found for each of x [n,C,H,W] with labels y [n]; broken samples are not queried."""
    x_best_adv = x.clone()
    margin_best = lowered_margins(model(x), y)
    for _ in range(n_restarts):
        index = (margin_best > 0).nonzero().flatten()
        if not index.numel():
            break
        x_best_adv[index], margin_best[index] = SEARCHES[norm](model, x[index], y[index], eps, n_queries)
    return x_best_adv


def _side(query: int, height: int, width: int, least: int) -> int:
    """The window's side at the `query`-th query, in pixels."""
    divisor = next((divisor for until, divisor in SCHEDULE if query <= until), 512)
    return max(round(math.sqrt(P_INIT / divisor * height * width)), least)


def _search_linf(model: CountingModel, x: Tensor, y: Tensor, eps: float, n_queries: int) -> tuple[Tensor, Tensor]:
    """Each query moves a window of every image to the ball's surface, up or down by channel."""
    n, channels, height, width = x.shape
    found, margins = _start(model, x, y, torch.clamp(x + eps * _signs([n, channels, 1, width], x), 0.0, 1.0))
    index = torch.arange(n, device=x.device)
    low, high, labels = (x - eps).clamp_(min=0.0), (x + eps).clamp_(max=1.0), y
    x_best, margin_best = found.clone(), margins.clone()
    sides = [min(_side(query, height, width, 1), height, width) for query in range(n_queries)]
    # All at once, in the authors' order: each query's place, then which way its window moves each channel.
    drawn = torch.rand(n_queries, 2 + channels)
    span = torch.tensor([height, width]) - torch.tensor(sides)[:, None]
    places = (drawn[:, :2] * span).long().tolist()
    steps = (2.0 * eps * torch.sign(2 * drawn[:, 2:] - 1)).to(x.device)[:, :, None, None]
    for side, (top, left), step in zip(sides, places, steps, strict=True):
        robust = margin_best > 0
        if not bool(robust.all()):
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


def _search_l2(model: CountingModel, x: Tensor, y: Tensor, eps: float, n_queries: int) -> tuple[Tensor, Tensor]:
    """Each query gathers the perturbation of two windows in one of them, and spends what is left of eps there."""
    height, width = x.shape[2:]
    found, margins = _start(model, x, y, (x + _unit(_tiles(x)) * eps).clamp(0, 1))
    for query in range(n_queries):
        index = (margins > 0).nonzero().flatten()
        if not index.numel():
            break
        clean, current = x[index], found[index]
        side = _side(query, height, width, 3)
        side = min(side + (side % 2 == 0), height, width)
        x_adv = _proposal(clean, current - clean, side, eps)
        margins_moved = lowered_margins(model(x_adv), y[index])
        lower = margins_moved < margins[index]
        found[index[lower]] = x_adv[lower]
        margins[index[lower]] = margins_moved[lower]
    return found, margins


Search = Callable[[CountingModel, Tensor, Tensor, float, int], tuple[Tensor, Tensor]]
SEARCHES: dict[Norm, Search] = {"Linf": _search_linf, "L2": _search_l2}


def _start(model: CountingModel, x: Tensor, y: Tensor, drawn: Tensor) -> tuple[Tensor, Tensor]:
    """The images to start from and their margins: those `drawn`, or the clean ones where logits are not finite."""
    margins = lowered_margins(model(drawn), y)
    not_finite = margins.isinf().nonzero().flatten()
    if not_finite.numel():
        drawn[not_finite] = x[not_finite]
        margins[not_finite] = lowered_margins(model(x[not_finite]), y[not_finite])
    return drawn, margins


def _proposal(clean: Tensor, delta: Tensor, side: int, eps: float) -> Tensor:
    """The next query's images: the perturbation of two windows gathered in the first, up to a length of eps."""
    n, channels, height, width = clean.shape
    window, other = _window(height, width, side), _window(height, width, side)
    mask = torch.zeros_like(clean[:1, :1])
    mask[window] = 1
    mask[other] = 1
    norms_image = delta.square().sum(dim=(1, 2, 3), keepdim=True)
    norms_windows = (delta * mask).square().sum(dim=(-2, -1), keepdim=True)
    unused = (eps**2 - norms_image).clamp(min=0) / channels

    fresh = _bump(side, clean) * _signs([n, channels, 1, 1], clean)
    kept = delta[window]
    fresh = fresh + kept / (1e-12 + kept.square().sum(dim=(-2, -1), keepdim=True).sqrt())
    fresh = fresh / (1e-12 + fresh.square().sum(dim=(-2, -1), keepdim=True).sqrt())
    delta = delta.clone()
    delta[other] = 0
    delta[window] = fresh * (unused + norms_windows).sqrt()
    return (clean + _unit(delta) * eps).clamp(0, 1)


def _tiles(x: Tensor) -> Tensor:
    """The start of the L2 search: a grid of tiles, each with a random sign per sample and channel."""
    n, channels, height, width = x.shape
    side = max(min(height, width) // 5, 1)
    delta = torch.zeros_like(x)
    for top in range((height % side) // 2, height - side + 1, side):
        for left in range((width % side) // 2, width - side + 1, side):
            tile = _bump(side, x) * _signs([n, channels, 1, 1], x)
            delta[:, :, top : top + side, left : left + side] += tile
    return delta


def _bump(side: int, like: Tensor) -> Tensor:
    """[1,1,side,side], of length 1: a bump in one half and its negative in the other, upright or lying at random."""
    delta = torch.zeros(side, side)
    delta[: side // 2] = _half_bump(side // 2, side)
    delta[side // 2 :] = -_half_bump(side - side // 2, side)
    delta /= delta.square().sum().sqrt()
    if torch.rand([1]) > 0.5:
        delta = delta.T
    return delta.to(like.device).view(1, 1, side, side)


def _half_bump(height: int, width: int) -> Tensor:
    """[height,width], of length 1: nested rectangles around the middle, of weights 1, 1/4, 1/9, …"""
    delta = torch.zeros(height, width)
    row, column = height // 2, width // 2
    for ring in range(max(height // 2, width // 2) + 1):
        top, left, size = row - ring, column - ring, 2 * ring + 1
        delta[max(top, 0) : min(top + size, height), max(left, 0) : min(left + size, width)] += 1.0 / (ring + 1) ** 2
    return delta / delta.square().sum().sqrt()


def _window(height: int, width: int, side: int) -> tuple[EllipsisType, slice, slice]:
    """A window of that side at a random place, as an index into images."""
    top, left = _random_below(height - side), _random_below(width - side)
    return ..., slice(top, top + side), slice(left, left + side)


def _random_below(limit: int) -> int:
    """A random integer from 0 to limit − 1; 0 if the limit is 0."""
    return int(limit * torch.rand([1]))


def _signs(shape: list[int], like: Tensor) -> Tensor:
    """−1 or 1 at random."""
    return torch.sign(2 * torch.rand(shape) - 1).to(like.device)


def _unit(delta: Tensor) -> Tensor:
    return delta / (delta.flatten(1).square().sum(dim=1).sqrt().view(-1, 1, 1, 1) + 1e-12)
