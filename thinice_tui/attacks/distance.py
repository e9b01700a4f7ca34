"""How far the decision boundary is: bisection over eps, each sample with its own.

At each radius a short APGD on the logit margin says whether the ball holds an adversarial image; one that is found
is drawn back towards the clean image as far as it stays adversarial. The nearest is an upper bound of the
minimum-norm distance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.attacks.apgd import ascend
from thinice_tui.settings import Norm

CLOSE_ENOUGH = 0.03
"""Of the distance, what may lie between the largest radius that held and the smallest that did not."""
ROUNDS = 20
NARROWING = 4
"""By which a radius shrinks while none has held."""
HALVINGS = 5
"""Of the way from an adversarial image back towards the clean one."""


@dataclass(frozen=True)
class Boundary:
    """images: [n,C,H,W], the nearest adversarial image found; distances: float64 [n], inf where none was."""

    images: Tensor
    distances: Tensor


def nearest_boundary(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: Norm,
    steps: int,
    held: Tensor,
    known: Tensor,
    distances_if_broken: Callable[[Tensor, Tensor], Tensor],
) -> Boundary:
    """Search between `held` [n], radii at which an ensemble failed (0: none), and `known` [n], of images found (inf).

    distances_if_broken: from candidates and their places in the batch, float64 distances, inf where the unmodified
    model is right. What was known is not found again: its image in the result is the clean one.
    """
    low, high = held.double().clone(), known.double().clone()
    images = x.clone()
    largest = 1.0 if norm == "Linf" else float(x[0].numel()) ** 0.5
    first = torch.where(held > 0, held, known).double()
    for _ in range(ROUNDS):
        open_ended = torch.isinf(high)
        finished = torch.where(open_ended, low >= largest, high - low <= CLOSE_ENOUGH * high)
        index = (~finished).nonzero().flatten()
        if not index.numel():
            break
        wider = torch.where(low > 0, low * 2, first).clamp(max=largest)
        narrower = torch.where(low > 0, (low * high).sqrt(), high / NARROWING)
        radius = torch.where(open_ended, wider, narrower)[index]
        found = ascend(model, x[index], y[index], norm, radius.to(x.dtype).view(-1, 1, 1, 1), steps, "margin")
        candidates, reached = _drawn_back(x[index], found.images, low[index], distances_if_broken, index)
        nearer = reached < high[index]
        images[index[nearer]] = candidates[nearer]
        high[index] = torch.minimum(high[index], reached)
        low[index] = torch.where(torch.isinf(reached), torch.maximum(low[index], radius), low[index])
        low = torch.minimum(low, high)
    return Boundary(images, high)


def _drawn_back(
    x: Tensor,
    found: Tensor,
    low: Tensor,
    distances_if_broken: Callable[[Tensor, Tensor], Tensor],
    index: Tensor,
) -> tuple[Tensor, Tensor]:
    """What is nearest on the way from `found` [n,C,H,W] to x and still adversarial, but beyond `low` [n]; distances."""
    images, reached = found.clone(), distances_if_broken(found, index)
    fallen = torch.isfinite(reached).nonzero().flatten()
    if not fallen.numel():
        return images, reached
    inner, outer = (low[fallen] / reached[fallen]).clamp(max=1.0), torch.ones_like(low[fallen])
    delta = found[fallen] - x[fallen]
    for _ in range(HALVINGS):
        share = (inner + outer) / 2
        candidates = x[fallen] + delta * share.to(x.dtype).view(-1, 1, 1, 1)
        far = distances_if_broken(candidates, index[fallen])
        nearer = far < reached[fallen]
        images[fallen[nearer]], reached[fallen[nearer]] = candidates[nearer], far[nearer]
        outer = torch.where(nearer, share, outer)
        inner = torch.where(nearer, inner, share)
    return images, reached
