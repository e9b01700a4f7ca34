"""The nearest point of a hyperplane within the cube [0,1]^d, for many points at once.

torchattacks and the authors of FAB sort each image's pixels for it, at half the attack's cost on a CPU. The
step length solves a monotone, concave, piecewise linear equation, which a few Newton steps from the left end.
"""

import torch
from torch import Tensor

from thinice_tui.settings import Norm

ITERATIONS = 30
CLOSE = 1e-6
"""A Newton step that short, relative to the length, ends the search."""


def onto_hyperplane(points: Tensor, weights: Tensor, offsets: Tensor, norm: Norm) -> Tensor:
    """The shortest δ [n,d] in `norm` with ⟨w, p + δ⟩ = b and p + δ in [0,1]^d; points, weights: [n,d]; offsets: [n].

    (Croce and Hein 2020, arXiv 1907.02044, equation 4.) Where no such point exists, the δ that comes nearest.
    """
    missing = offsets - (weights * points).sum(dim=1)
    signs = weights.sign().mul_(missing.sign()[:, None])
    room = torch.where(signs > 0, 1 - points, points)
    slopes = weights.abs()
    length = _lengths(room, slopes, missing.abs(), norm)[:, None]
    return torch.minimum(room, length if norm == "Linf" else length * slopes).mul_(signs)


def _lengths(room: Tensor, slopes: Tensor, missing: Tensor, norm: Norm) -> Tensor:
    """λ [n] with Σ |w|·min(room, λ·m) = missing, where m is 1 under Linf and |w| under L2."""
    gains = slopes if norm == "Linf" else slopes.square()
    lengths = missing / gains.sum(dim=1).clamp(min=1e-30)
    rows = torch.arange(len(lengths), device=lengths.device)
    for _ in range(ITERATIONS):
        length = lengths[rows]
        wanted = length[:, None] if norm == "Linf" else length[:, None] * slopes
        gained = torch.minimum(room, wanted).mul_(slopes).sum(dim=1)
        free = ((room > wanted) * gains).sum(dim=1)
        step = torch.where(free > 0, (missing - gained) / free.clamp(min=1e-30), 0.0).clamp_(min=0.0)
        lengths[rows] = length + step
        left = step > CLOSE * length
        if not bool(left.any()):
            break
        rows, room, slopes, gains, missing = (part[left] for part in (rows, room, slopes, gains, missing))
    return lengths
