"""The losses that attacks maximise: from logits [n,C] and labels [n] to one value for each sample, [n]."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.protocol.attacks import Loss

SATURATED = 1 - 1e-6
"""The probability margin above which float32 leaves it no gradient."""


def loss_of(loss: Loss, logits: Tensor, labels: Tensor, targets: Tensor | None) -> Tensor:
    """The loss of that name, [n]; higher is worse for the model. targets: classes [n], for `targeted` only."""
    match loss:
        case "ce":
            return F.cross_entropy(logits, labels, reduction="none")
        case "margin":
            return -logit_margins(logits, labels)
        case "dlr":
            return dlr(logits, labels)
        case "targeted":
            assert targets is not None
            return targeted_dlr(logits, labels, targets)
        case "probability":
            return -probability_margins(logits, labels)
        case "gap":
            assert targets is not None
            own, rival = (logits.gather(1, classes[:, None]).squeeze(1) for classes in (labels, targets))
            return rival - own


def losses_gradient_margins(
    model: nn.Module, x_adv: Tensor, labels: Tensor, loss: Loss, targets: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Losses [n] of x_adv [n,C,H,W], their gradient there, and logit margins [n], inf where logits are not finite."""
    inputs = x_adv.detach().requires_grad_()
    with torch.enable_grad():
        logits = model(inputs)
        losses = loss_of(loss, logits, labels, targets)
        (gradient,) = torch.autograd.grad(losses.sum(), inputs)
    return losses.detach(), gradient, lowered_margins(logits.detach(), labels)


def logit_margins(logits: Tensor, labels: Tensor) -> Tensor:
    """The logit margin z_y − max over j≠y of z_j, [n]; negative: misclassified."""
    own = logits.gather(1, labels[:, None])
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return own.squeeze(1) - others.amax(dim=1)


def probability_margins(logits: Tensor, labels: Tensor) -> Tensor:
    """The margin of the softmax probabilities, p_y − max over j≠y of p_j, [n] (PMA, CVPR 2025).

    Where float32 rounds p_y to 1, its gradient vanishes, and the logit margin takes its place.
    """
    probabilities = F.softmax(logits, dim=1)
    margins = logit_margins(probabilities, labels)
    return torch.where(margins.detach() > SATURATED, logit_margins(logits, labels), margins)


def lowered_margins(logits: Tensor, labels: Tensor) -> Tensor:
    """Logit margins [n] for attacks that keep the lowest: inf where a logit is NaN or infinite.

    Such logits are no verdict: an attack must not stop there, and must not keep NaN, which is neither lower nor higher.
    """
    usable = torch.isfinite(logits).all(dim=1)
    return torch.where(usable, logit_margins(logits, labels), torch.inf)


def misclassified(logits: Tensor, labels: Tensor) -> Tensor:
    """Bool [n]; False where a logit is NaN or infinite, which `argmax` takes for the largest."""
    return (logits.argmax(dim=1) != labels) & torch.isfinite(logits).all(dim=1)


def dlr(logits: Tensor, labels: Tensor) -> Tensor:
    """Difference of logits ratio (Croce and Hein 2020, arXiv 2003.01690, equation 6); needs C ≥ 3."""
    ordered, classes = logits.sort(dim=1)
    right = (classes[:, -1] == labels).float()
    own = logits.gather(1, labels[:, None]).squeeze(1)
    rival = ordered[:, -2] * right + ordered[:, -1] * (1.0 - right)
    return -(own - rival) / (ordered[:, -1] - ordered[:, -3] + 1e-12)


def targeted_dlr(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Targeted DLR (the same paper, equation 7) with target classes [n]; needs C ≥ 4."""
    ordered = logits.sort(dim=1)[0]
    scale = ordered[:, -1] - 0.5 * ordered[:, -3] - 0.5 * ordered[:, -4] + 1e-12
    own, rival = (logits.gather(1, classes[:, None]).squeeze(1) for classes in (labels, targets))
    return -(own - rival) / scale
