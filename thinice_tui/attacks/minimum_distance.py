"""How far the decision boundary is: bisection over eps, each sample with its own.

It begins at the adversarial image that is known of a sample, where there is one: drawn back towards the clean image
as far as it stays adversarial, it is where a short APGD on the logit margin starts from, pulled into a smaller ball.
Where none is known, balls grow until an APGD from a random start finds one. The nearest image is an upper bound of
the minimum-norm distance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.attacks.apgd import ascend, random_start
from thinice_tui.protocol.threat_model import Norm

CLOSE_ENOUGH = 0.03
"""Of the distance, what may lie between the largest radius that held and the smallest that did not."""
ROUNDS = 20
NARROWING = 2
"""By which a radius shrinks while none has held."""
HALVINGS = 5
"""Of the way from an adversarial image back towards the clean one."""
KNOWN_HALVINGS = 8
"""The same from an image that was known before: it lies at eps mostly, and would pile up there."""


@dataclass(frozen=True)
class Boundary:
    """images: [n,C,H,W], the nearest adversarial image found, the clean one where none was; distances: float64 [n],
    inf where none was."""

    images: Tensor
    distances: Tensor


def nearest_boundary(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: Norm,
    steps: int,
    held: Tensor,
    known: Boundary,
    distances_if_broken: Callable[[Tensor, Tensor], Tensor],
) -> Boundary:
    """Search between `held` [n], radii at which an ensemble failed (0: none), and what is known from it.

    distances_if_broken: from candidates and their places in the batch, float64 distances, inf where the unmodified
    model is right. What is found may be nearer than `held`, and is never further than what was known.
    """
    images, low, high = x.clone(), held.double().clone(), known.distances.double().clone()
    if (index := torch.isfinite(high).nonzero().flatten()).numel():
        unheld = torch.zeros_like(high[index])
        drawn, reached = _drawn_back(x[index], known.images[index], unheld, distances_if_broken, index, KNOWN_HALVINGS)
        images[index] = torch.where(_each(torch.isfinite(reached)), drawn, x[index])
        high[index] = torch.minimum(high[index], reached)
    largest = 1.0 if norm == "Linf" else float(x[0].numel()) ** 0.5
    first = torch.where(held > 0, held, high).double()
    for _ in range(ROUNDS):
        open_ended = torch.isinf(high)
        finished = torch.where(open_ended, low >= largest, high - low <= CLOSE_ENOUGH * high)
        index = (~finished).nonzero().flatten()
        if not index.numel():
            break
        wider = torch.where(low > 0, low * 2, first).clamp(max=largest)
        narrower = torch.where(low > 0, (low * high).sqrt(), high / NARROWING)
        radius = torch.where(open_ended, wider, narrower)[index]
        eps = _each(radius.to(x.dtype))
        random = random_start(x[index], norm, eps)
        start = torch.where(_each(open_ended[index]), random, _pulled_in(x[index], images[index], norm, eps))
        found = ascend(model, x[index], y[index], norm, eps, steps, "margin", start=start)
        candidates, reached = _drawn_back(x[index], found.images, low[index], distances_if_broken, index, HALVINGS)
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
    halvings: int,
) -> tuple[Tensor, Tensor]:
    """What is nearest on the way from `found` [n,C,H,W] to x and still adversarial, and distances [n].

    The first step goes to the distance `low` [n], where it is known: only what is adversarial there too goes further.
    """
    images, reached = found.clone(), distances_if_broken(found, index)
    fallen = torch.isfinite(reached).nonzero().flatten()
    if not fallen.numel():
        return images, reached
    inner, outer = torch.zeros_like(reached[fallen]), torch.ones_like(reached[fallen])
    share = torch.where(low[fallen] > 0, (low[fallen] / reached[fallen]).clamp(max=1.0), 0.5)
    delta = found[fallen] - x[fallen]
    for _ in range(halvings):
        candidates = (x[fallen] + delta * _each(share.to(x.dtype))).clamp_(0.0, 1.0)
        far = distances_if_broken(candidates, index[fallen])
        nearer = far < reached[fallen]
        images[fallen[nearer]], reached[fallen[nearer]] = candidates[nearer], far[nearer]
        outer = torch.where(nearer, share, outer)
        inner = torch.where(nearer, inner, share)
        share = (inner + outer) / 2
    return images, reached


def _pulled_in(x: Tensor, images: Tensor, norm: Norm, eps: Tensor) -> Tensor:
    """The nearest image in the ball of radius eps [n,1,1,1] around x, up to rounding; L2: on the line to it."""
    delta = images - x
    if norm == "Linf":
        delta = torch.minimum(torch.maximum(delta, -eps), eps)
    else:
        delta = delta * (eps / _each(delta.flatten(1).norm(dim=1)).clamp(min=1e-12)).clamp(max=1.0)
    return (x + delta).clamp_(0.0, 1.0)


def _each(of_sample: Tensor) -> Tensor:
    return of_sample.view(-1, 1, 1, 1)
