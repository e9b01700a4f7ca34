"""What the attacks maximise: functions of logits [n,C] and labels [n] (or target classes [n]), one value a sample."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Loss = Literal["ce", "dlr", "margin", "targeted"]


def loss_of(form: Loss, logits: Tensor, labels: Tensor, targets: Tensor | None) -> Tensor:
    """The loss `form`, [n]; higher is worse for the model. targets: classes [n], for `targeted` only."""
    match form:
        case "ce":
            return F.cross_entropy(logits, labels, reduction="none")
        case "margin":
            return -logit_margins(logits, labels)
        case "dlr":
            return dlr(logits, labels)
        case "targeted":
            assert targets is not None
            return targeted_dlr(logits, labels, targets)


def logit_margins(logits: Tensor, labels: Tensor) -> Tensor:
    """z_y − max over j≠y of z_j; negative: misclassified."""
    own = logits.gather(1, labels[:, None])
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return own.squeeze(1) - others.amax(dim=1)


def lowered_margins(logits: Tensor, labels: Tensor) -> Tensor:
    """Logit margins [n] for an attack that keeps the lowest: inf where a logit is NaN or infinite.

    Such logits are no verdict, so that no attack may stop at them, and NaN would compare as neither lower nor higher.
    """
    usable = torch.isfinite(logits).all(dim=1)
    return torch.where(usable, logit_margins(logits, labels), torch.inf)


def dlr(logits: Tensor, labels: Tensor) -> Tensor:
    """Difference of logits ratio (Croce and Hein 2020, arXiv 2003.01690, equation 6); needs C ≥ 3."""
    ordered, classes = logits.sort(dim=1)
    right = (classes[:, -1] == labels).float()
    own = logits.gather(1, labels[:, None]).squeeze(1)
    rival = ordered[:, -2] * right + ordered[:, -1] * (1.0 - right)
    return -(own - rival) / (ordered[:, -1] - ordered[:, -3] + 1e-12)


def targeted_dlr(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """Targeted DLR (the same, equation 7); needs C ≥ 4."""
    ordered = logits.sort(dim=1)[0]
    scale = ordered[:, -1] - 0.5 * ordered[:, -3] - 0.5 * ordered[:, -4] + 1e-12
    own, rival = (logits.gather(1, classes[:, None]).squeeze(1) for classes in (labels, targets))
    return -(own - rival) / scale
