"""Whether a model's gradients are usable: gradient-based attacks fail where they vanish."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from thinice_tui.attacks.losses import logit_margins
from thinice_tui.data.samples import Samples
from thinice_tui.engine.preflight.check_result import CheckResult
from thinice_tui.errors import ModelError
from thinice_tui.models.load import LoadedModel

IMAGES = 64
"""Images that are checked."""
BATCH = 8
VANISHED = 1e-10
"""A float32 gradient whose entries are all at most this has vanished."""


def check_gradients(model: LoadedModel, samples: Samples, device: torch.device) -> tuple[CheckResult, CheckResult]:
    """Check the gradients on `device`; raises ModelError where the input has none.

    Two checks warn, both from AutoAttack (Croce and Hein 2020, arXiv 2003.01690): gradients that are zero on images
    which are classified correctly, and a forward pass that itself differentiates, as dynamic defences do.
    """
    images, labels = torch.from_numpy(samples.floats(slice(IMAGES))), torch.from_numpy(samples.labels[:IMAGES])
    classifier = model.classifier().to(device)
    images, labels = images.to(device), labels.to(device)
    with torch.no_grad(), DifferentiationDetector() as detector:
        logits = torch.cat([classifier(part) for part in torch.split(images, BATCH)])
        right = logits.argmax(dim=1) == labels
    differentiates = len(images) if detector.detected else 0
    dynamic = (
        f"{model.path}: its forward pass computes gradients, as defences do that change their input: attacks for "
        "static models may be too weak for it"
    )
    # the probe may hold labels that are no class of the model: they are never right
    classes = labels.clamp(max=logits.shape[1] - 1)
    parts = zip(torch.split(images, BATCH), torch.split(classes, BATCH), strict=True)
    try:
        vanished = torch.cat([vanished_gradients(classifier, *part) for part in parts]) & right
    except RuntimeError as error:
        raise ModelError(
            f"{model.path}: has no gradient with respect to its input ({str(error).splitlines()[0][:120]})",
            "expected a differentiable model: attacks would fail, and it would look robust",
        ) from error
    zero, n = int(vanished.sum()), int(right.sum())
    blind = (
        f"{model.path}: gradients are zero on {zero} of {n} correctly classified images: gradient-based attacks fail "
        "there, and its robust accuracy may be too high"
    )
    return (
        CheckResult("forward pass differentiates", differentiates, len(images), dynamic if differentiates else ""),
        CheckResult("gradients vanish on clean images", zero, n, blind if zero else ""),
    )


class DifferentiationDetector(TorchFunctionMode):
    """While active, detects calls of torch.autograd.grad and backward, however they are imported, in this thread.

    Every call is carried out unchanged. torch.func.grad and torch.autograd.functional are built on these and detected
    with them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.detected = False

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: tuple[type, ...],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        if func in (torch.autograd.grad, torch.autograd.backward, Tensor.backward):
            self.detected = True
        return func(*args, **(kwargs or {}))


def vanished_gradients(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Bool [n]: whether the gradients of both cross-entropy and logit margin vanish at the image.

    images: [n,C,H,W] in [0,1]; labels: [n]. The margin is taken relative to the largest logit, so that the scale of
    the logits does not matter. NaN counts as zero. Raises RuntimeError where the model is not differentiable.
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
