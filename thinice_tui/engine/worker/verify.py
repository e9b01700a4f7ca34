"""Whether a candidate is an adversarial image: inside the ball, inside [0,1], finite, and misclassified."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.protocol.threat_model import Norm

TOLERANCE = 1e-6
"""How far outside eps float32 rounding may leave the norm of a projected image under L2, relative to eps
where eps is above 1. Under Linf nothing is left outside."""


@dataclass(frozen=True)
class Verdict:
    """images: the candidates after projection; logits [n,C] and distances [n] of these; broken: bool [n]."""

    images: Tensor
    logits: Tensor
    distances: Tensor
    broken: Tensor

    def updated(self, index: Tensor, other: "Verdict") -> "Verdict":
        """This verdict, with that of `other` on the samples at `index`."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("images", "logits", "distances", "broken"))
        return Verdict(*(mine.index_copy(0, index, theirs) for mine, theirs in pairs))


@torch.no_grad()
def verify(judge: nn.Module, clean: Tensor, labels: Tensor, candidates: Tensor, norm: Norm, eps: float) -> Verdict:
    """Project candidates [n,C,H,W] onto the ball around `clean` and let the unmodified model judge them.

    `judge` runs in full precision. A candidate that is not finite counts as the clean image; logits
    that are not finite never count as broken. So an attack can miss a flip, and never invent one.
    """
    finite = torch.isfinite(candidates).flatten(1).all(dim=1)
    candidates = torch.where(finite.view(-1, 1, 1, 1), candidates, clean)
    images = project(clean, candidates, norm, eps)
    distances = distance(clean, images, norm)
    logits = judge(images)
    inside = distances <= eps + TOLERANCE * max(1.0, eps)
    legal = inside & (images >= 0).flatten(1).all(dim=1) & (images <= 1).flatten(1).all(dim=1)
    judged = torch.isfinite(logits).all(dim=1)
    broken = legal & judged & (logits.argmax(dim=1) != labels)
    return Verdict(images, logits, distances, broken)


def project(clean: Tensor, candidates: Tensor, norm: Norm, eps: float) -> Tensor:
    """The nearest image within eps of `clean` (L2: on the line to it), clipped to [0,1]; float64 inside.

    Under Linf what float32 rounding leaves outside moves one step in, so that every pixel is within eps.
    """
    delta = candidates.double() - clean.double()
    if norm == "Linf":
        delta = delta.clamp(-eps, eps)
    else:
        length = delta.flatten(1).norm(dim=1).clamp(min=1e-12)
        delta = delta * (eps / length).clamp(max=1).view(-1, 1, 1, 1)
    images = (clean.double() + delta).clamp(0, 1).to(clean.dtype)
    if norm == "Linf":
        outside = (images.double() - clean.double()).abs() > eps
        images = torch.where(outside, torch.nextafter(images, clean), images)
    return images


def distance(clean: Tensor, images: Tensor, norm: Norm) -> Tensor:
    """Linf or L2 distance of each of [n,C,H,W], float64 [n], in units of [0,1] pixels."""
    delta = (images.double() - clean.double()).flatten(1)
    return delta.abs().amax(dim=1) if norm == "Linf" else delta.norm(dim=1)
