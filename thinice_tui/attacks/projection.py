"""The nearest point of a hyperplane within the cube [0,1]^d, for many points at once.

torchattacks and the authors of FAB sort each image's pixels for it, at half the attack's cost on a CPU. The
step length solves a monotone, concave, piecewise linear equation, which a few Newton steps from the left end.
"""

import torch
from torch import Tensor

from thinice_tui.protocol.threat_model import Norm

ITERATIONS = 30
CLOSE = 1e-6
"""A Newton step that short, relative to the length, ends the search."""


def onto_hyperplane(points: Tensor, weights: Tensor, missing: Tensor, norm: Norm) -> Tensor:
    """The shortest δ [n,d] in `norm` with ⟨w, δ⟩ = missing and p + δ in [0,1]^d; points, weights: [n,d]; missing: [n].

    (Croce and Hein 2020, arXiv 1907.02044, equation 4.) Where no such point exists, the δ that comes nearest.
    """
    signs = weights.sign().mul_(missing.sign()[:, None])
    # How far each pixel can go: 1 − p upwards, p downwards. Selecting by a mask takes ten times as long on a CPU.
    room = signs.clamp(min=0.0).sub_(points).abs_()
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
        gained = torch.minimum(room, wanted)
        beyond = torch.empty_like(room)  # 1 where there is room for more, a number: as a mask it takes far longer
        free = torch.gt(room, wanted, out=beyond).mul_(gains).sum(dim=1)
        step = torch.where(free > 0, (missing - gained.mul_(slopes).sum(dim=1)) / free.clamp(min=1e-30), 0.0)
        step = step.clamp_(min=0.0)
        lengths[rows] = length + step
        left = step > CLOSE * length
        count = int(left.sum())
        if not count:
            break
        if count <= len(rows) // 2:  # copying the rest takes as long as another step with all
            rows, room, slopes, missing = (part[left] for part in (rows, room, slopes, missing))
            gains = slopes if norm == "Linf" else gains[left]
    return lengths
