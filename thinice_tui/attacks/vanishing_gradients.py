"""Whether the gradients that attacks follow have vanished: there, these attacks see nothing to follow."""

import torch
from torch import Tensor, nn

from thinice_tui.attacks.losses import logit_margins

VANISHED = 1e-10
"""A float32 gradient whose entries are all at most this has vanished."""


def vanished_gradients(model: nn.Module, images: Tensor, labels: Tensor, cross_entropy_alone: bool = False) -> Tensor:
    """Bool [n]: whether the gradients of both cross-entropy and logit margin vanish at the image.

    images: [n,C,H,W] in [0,1]; labels: [n]. cross_entropy_alone: no attack follows another loss, so that of the margin
    is left out; large logits saturate cross-entropy, and these attacks then stand still. The margin is taken relative
    to the largest logit, so that the scale of the logits does not matter. NaN counts as zero. Raises RuntimeError where
    the model is not differentiable.
    """
    inputs = images.clone().requires_grad_()
    with torch.enable_grad():
        logits = model(inputs)
        scale = logits.detach().abs().amax(dim=1).clamp(min=1e-30)
        margins = logit_margins(logits, labels) / scale
        losses = [nn.functional.cross_entropy(logits, labels, reduction="sum"), margins.sum()]
        losses = losses[:1] if cross_entropy_alone else losses
        gradients = [torch.autograd.grad(loss, inputs, retain_graph=True)[0].nan_to_num(nan=0.0) for loss in losses]
    vanished: Tensor = torch.stack([found.flatten(1).abs().amax(dim=1) <= VANISHED for found in gradients]).all(dim=0)
    return vanished
