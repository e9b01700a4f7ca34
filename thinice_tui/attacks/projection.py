"""The nearest point of a hyperplane within the cube [0,1]^d, for many points at once.

torchattacks and the authors of FAB sort each image's pixels for this, which takes half the attack's time on a CPU. The
step length solves a monotone, concave, piecewise linear equation; a few Newton steps from the left end solve it.
"""

from collections.abc import Callable

import torch
from torch import Tensor

ITERATIONS = 30
CLOSE = 1e-6
"""A Newton step shorter than this, relative to the length, ends the iteration."""
STEPS_PER_LOOK = 5
"""On a GPU, the steps after which the CPU looks what has ended. Steps beyond the end change no more than rounding."""

Reach = Callable[[Tensor, Tensor], Tensor]
"""From lengths [n,1] and slopes |w| [n,d]: how far each pixel moves, if the cube allows it."""
Gains = Callable[[Tensor], Tensor]
"""From slopes |w| [n,d]: how much ⟨w, δ⟩ grows by each pixel that still moves, for each unit of length."""


def onto_hyperplane(points: Tensor, weights: Tensor, missing: Tensor, reach: Reach, gains: Gains) -> Tensor:
    """The shortest δ [n,d] with ⟨w, δ⟩ = missing [n] and p + δ in [0,1]^d, for points and weights [n,d].

    `reach` and `gains` say what shortest means: see LpNorm.onto_hyperplane.
    """
    signs = weights.sign().mul_(missing.sign()[:, None])
    # How far each pixel can go: 1 − p upwards, p downwards. Selecting by a mask takes ten times as long on a CPU.
    space = signs.clamp(min=0.0).sub_(points).abs_()
    slopes = weights.abs()
    length = _lengths(space, slopes, missing.abs(), reach, gains)[:, None]
    return torch.minimum(space, reach(length, slopes)).mul_(signs)


def _lengths(space: Tensor, slopes: Tensor, missing: Tensor, reach: Reach, gains: Gains) -> Tensor:
    """λ [n] with Σ |w|·min(space, reach(λ, |w|)) = missing."""
    each_gains = gains(slopes)
    lengths = missing / each_gains.sum(dim=1).clamp(min=1e-30)
    rows = torch.arange(len(lengths), device=lengths.device)
    per_look = 1 if lengths.device.type == "cpu" else STEPS_PER_LOOK
    for number in range(1, ITERATIONS + 1):
        length = lengths[rows]
        wanted = reach(length[:, None], slopes)
        gained = torch.minimum(space, wanted)
        beyond = torch.empty_like(space)  # 1 where the pixel can go further; as a bool mask it takes far longer
        free = torch.gt(space, wanted, out=beyond).mul_(each_gains).sum(dim=1)
        step = torch.where(free > 0, (missing - gained.mul_(slopes).sum(dim=1)) / free.clamp(min=1e-30), 0.0)
        step = step.clamp_(min=0.0)
        lengths[rows] = length + step
        if number % per_look:
            continue
        unfinished = (step > CLOSE * length).nonzero().flatten()
        if not len(unfinished):
            break
        if len(unfinished) <= len(rows) // 2:  # copying the unfinished rows takes as long as another step with all
            rows, space, slopes, missing = (part[unfinished] for part in (rows, space, slopes, missing))
            each_gains = gains(slopes)
    return lengths
