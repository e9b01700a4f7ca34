"""Whether a model's gradients lead anywhere: attacks that follow them are blind where they do not."""

from unittest.mock import patch

import torch
from torch import Tensor, nn

from thinice_tui.attacks.losses import logit_margins
from thinice_tui.data.samples import Samples
from thinice_tui.engine.findings import Check
from thinice_tui.errors import ModelError
from thinice_tui.models.load import LoadedModel

LOOKED_AT = 64
"""Images before any attack."""
VANISHED = 1e-10
"""The largest entry of a gradient that leads nowhere in float32."""


def check_gradients(model: LoadedModel, samples: Samples, device: torch.device) -> tuple[Check, Check]:
    """What was seen of the model on `device` before any attack; raises ModelError where its input has no gradient.

    Warned of, as AutoAttack does (Croce and Hein 2020, arXiv 2003.01690): gradients that are zero on images which
    are classified correctly, and a forward pass that differentiates by itself, as dynamic defences do.
    """
    images, labels = torch.from_numpy(samples.floats(slice(LOOKED_AT))), torch.from_numpy(samples.labels[:LOOKED_AT])
    classifier = model.classifier().to(device)
    images, labels = images.to(device), labels.to(device)
    with (
        torch.no_grad(),
        patch("torch.autograd.grad", wraps=torch.autograd.grad) as grad,
        patch.object(Tensor, "backward", autospec=True, side_effect=Tensor.backward) as backward,
    ):
        logits = torch.cat([classifier(part) for part in torch.split(images, 8)])
        right = logits.argmax(dim=1) == labels
    differentiates = len(images) if grad.called or backward.called else 0
    dynamic = (
        f"{model.path}: its forward pass differentiates, as defences do that change the input: attacks made for static "
        "models may be too weak for it"
    )
    # a sample that is not selected may have a label that is no class; it never is right
    classes = labels.clamp(max=logits.shape[1] - 1)
    parts = zip(torch.split(images, 8), torch.split(classes, 8), strict=True)
    try:
        vanished = torch.cat([vanished_gradients(classifier, *part) for part in parts]) & right
    except RuntimeError as error:
        raise ModelError(
            f"{model.path}: has no gradient with respect to its input ({str(error).splitlines()[0][:120]})",
            "expected a differentiable model: attacks would be blind, and it would look robust",
        ) from error
    zero, n = int(vanished.sum()), int(right.sum())
    blind = (
        f"{model.path}: gradients are zero on {zero} of {n} images that it gets right: attacks that follow them are "
        "blind there, and its robust accuracy may be too high"
    )
    return (
        Check("forward pass differentiates", differentiates, len(images), dynamic if differentiates else ""),
        Check("gradients vanish on clean images", zero, n, blind if zero else ""),
    )


def vanished_gradients(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Bool [n]: neither the cross-entropy's nor the margin's gradient at the clean image leads anywhere.

    The margin is taken relative to the largest logit, so that a model's scale does not matter. NaN leads nowhere.
    Raises RuntimeError where the model is not differentiable.
    """
    inputs = images.clone().requires_grad_()
    with torch.enable_grad():
        logits = model(inputs)
        scale = logits.detach().abs().amax(dim=1).clamp(min=1e-30)
        margins = logit_margins(logits, labels) / scale
        losses = nn.functional.cross_entropy(logits, labels, reduction="sum"), margins.sum()
        gradients = [torch.autograd.grad(loss, inputs, retain_graph=True)[0].nan_to_num(nan=0.0) for loss in losses]
    vanished: Tensor = torch.stack([found.flatten(1).abs().amax(dim=1) <= VANISHED for found in gradients]).all(dim=0)
    return vanished
