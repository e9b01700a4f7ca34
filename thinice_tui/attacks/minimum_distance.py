"""The distance to the decision boundary: bisection over eps, for each sample with its own bounds.

Where an adversarial image is known, the search draws it towards the clean image as far as it stays adversarial, and
then runs a short APGD on the logit margin from there in a smaller ball. Where none is known, the ball grows until an
APGD from a random start finds one. The nearest image found gives an upper bound of the minimum-norm distance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.attacks.apgd import ascend
from thinice_tui.attacks.noise import Noise
from thinice_tui.attacks.norms import LpNorm, per_image

CLOSE_ENOUGH = 0.03
"""The search ends where the largest radius that held is within this share of the smallest that did not."""
ROUNDS = 20
NARROWING = 2
"""The radius is divided by this while none has held."""
HALVINGS = 5
"""Bisections on the line from an adversarial image to the clean one."""
KNOWN_HALVINGS = 8
"""The same from an image that an attack found: most of these lie at eps, and distances would pile up there."""

DistancesIfBroken = Callable[[Tensor, Tensor], Tensor]
"""From candidates [k,C,H,W] and their indices in the batch [k]: float64 distances [k], inf where the unmodified model
is right."""


@dataclass(frozen=True)
class Boundary:
    """images: [n,C,H,W], the nearest adversarial image, the clean one where none was found; distances: float64 [n],
    inf where none was found."""

    images: Tensor
    distances: Tensor


def nearest_boundary(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: LpNorm,
    steps: int,
    held: Tensor,
    known: Boundary,
    distances_if_broken: DistancesIfBroken,
    noise: Noise,
) -> Boundary:
    """Search from what is known, for x [n,C,H,W] in [0,1] with labels y [n].

    held: [n], radii within which the ensemble found nothing; 0: unknown. What the search finds may be nearer than
    `held`, and is never further than what was known. steps: of APGD, for each radius.
    """
    x_best_adv, low, high = x.clone(), held.double().clone(), known.distances.double().clone()
    if (index := torch.isfinite(high).nonzero().flatten()).numel():
        unheld = torch.zeros_like(high[index])
        x_adv, reached = _drawn_back(x[index], known.images[index], unheld, distances_if_broken, index, KNOWN_HALVINGS)
        x_best_adv[index] = torch.where(per_image(torch.isfinite(reached)), x_adv, x[index])
        high[index] = torch.minimum(high[index], reached)
    largest = norm.diameter(x)
    first = torch.where(held > 0, held, high).double()
    for number in range(ROUNDS):
        unbroken = torch.isinf(high)
        finished = torch.where(unbroken, low >= largest, high - low <= CLOSE_ENOUGH * high)
        index = (~finished).nonzero().flatten()
        if not index.numel():
            break
        wider = torch.where(low > 0, low * 2, first).clamp(max=largest)
        narrower = torch.where(low > 0, (low * high).sqrt(), high / NARROWING)
        radius = torch.where(unbroken, wider, narrower)[index]
        eps = per_image(radius.to(x.dtype))
        drawn = noise.of(index).each(norm.draw, x.shape[1:], number, x.device)
        random = norm.random_start(x[index], eps, drawn)
        pulled_in = (x[index] + norm.shorten(x_best_adv[index] - x[index], eps)).clamp_(0.0, 1.0)
        start = torch.where(per_image(unbroken[index]), random, pulled_in)
        start = x[index] if norm.starts_clean else start
        found = ascend(model, x[index], y[index], norm, eps, steps, "margin", start)
        x_adv, reached = _drawn_back(x[index], found.x_best_adv, low[index], distances_if_broken, index, HALVINGS)
        nearer = reached < high[index]
        x_best_adv[index[nearer]] = x_adv[nearer]
        high[index] = torch.minimum(high[index], reached)
        low[index] = torch.where(torch.isinf(reached), torch.maximum(low[index], radius), low[index])
        low = torch.minimum(low, high)
    return Boundary(x_best_adv, high)


def _drawn_back(
    x: Tensor, found: Tensor, low: Tensor, distances_if_broken: DistancesIfBroken, index: Tensor, halvings: int
) -> tuple[Tensor, Tensor]:
    """The nearest image on the line from `found` [n,C,H,W] to x that is still adversarial, and distances [n].

    The first step goes to the distance `low` [n], where it is above 0: what is not adversarial there lies further out.
    """
    x_best_adv, reached = found.clone(), distances_if_broken(found, index)
    broken = torch.isfinite(reached).nonzero().flatten()
    if not broken.numel():
        return x_best_adv, reached
    inner, outer = torch.zeros_like(reached[broken]), torch.ones_like(reached[broken])
    share = torch.where(low[broken] > 0, (low[broken] / reached[broken]).clamp(max=1.0), 0.5)
    delta = found[broken] - x[broken]
    for _ in range(halvings):
        x_adv = (x[broken] + delta * per_image(share.to(x.dtype))).clamp_(0.0, 1.0)
        distances = distances_if_broken(x_adv, index[broken])
        nearer = distances < reached[broken]
        x_best_adv[broken[nearer]], reached[broken[nearer]] = x_adv[nearer], distances[nearer]
        outer = torch.where(nearer, share, outer)
        inner = torch.where(nearer, inner, share)
        share = (inner + outer) / 2
    return x_best_adv, reached
