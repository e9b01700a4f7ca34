"""Verification: a candidate is adversarial if it is within eps, in [0,1], finite, and the model misclassifies it."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.attacks.losses import logit_margins, misclassified
from thinice_tui.attacks.norms import norm_of, per_image
from thinice_tui.protocol.margins import CLOSE
from thinice_tui.protocol.threat_model import Norm


@dataclass(frozen=True)
class Verdict:
    """images: the candidates after projection; logits [n,C] and distances [n] of these; broken: bool [n]."""

    images: Tensor
    logits: Tensor
    distances: Tensor
    broken: Tensor

    def updated(self, index: Tensor, other: "Verdict") -> "Verdict":
        """This verdict, with that of `other` for the samples at `index`."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("images", "logits", "distances", "broken"))
        return Verdict(*(mine.index_copy(0, index, theirs) for mine, theirs in pairs))


@torch.no_grad()
def verify(judge: nn.Module, clean: Tensor, labels: Tensor, candidates: Tensor, norm: Norm, eps: float) -> Verdict:
    """Project candidates [n,C,H,W] onto the ball around `clean`, and classify them with the unmodified model.

    `judge` runs in full precision. A candidate that is not finite counts as the clean image, and logits that are not
    finite never count as broken. So an attack can miss a flip, and cannot invent one. A candidate that is misclassified
    by a margin within CLOSE of zero is judged once more alone: kernels for other batch sizes round otherwise.
    """
    lp = norm_of(norm)
    finite = torch.isfinite(candidates).flatten(1).all(dim=1)
    images = lp.project(clean, torch.where(per_image(finite), candidates, clean), eps)
    distances = lp.distances(clean, images)
    logits = judge(images).clone()  # a network may return what it keeps
    legal = inside_ball(distances, norm, eps) & inside_cube(images)
    broken = legal & misclassified(logits, labels)
    for at in (broken & (logit_margins(logits, labels) > -CLOSE)).nonzero().flatten().tolist():
        alone = slice(at, at + 1)
        logits[alone] = judge(images[alone])
        broken[alone] = misclassified(logits[alone], labels[alone])
    return Verdict(images, logits, distances, broken)


def inside_ball(distances: Tensor, norm: Norm, eps: float) -> Tensor:
    """Whether distances [n] are within eps, up to the norm's rounding: bool [n]; NaN is not."""
    return distances <= eps + norm_of(norm).rounding * max(1.0, eps)


def inside_cube(images: Tensor) -> Tensor:
    """Whether all pixels of images [n,C,H,W] are in [0,1]: bool [n]; NaN is not."""
    return (images >= 0).flatten(1).all(dim=1) & (images <= 1).flatten(1).all(dim=1)
