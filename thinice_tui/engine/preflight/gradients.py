"""Whether a model's gradients are usable: gradient-based attacks fail where they vanish."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from thinice_tui.attacks.vanishing_gradients import vanished_gradients
from thinice_tui.data.samples import Samples
from thinice_tui.engine.preflight.check_result import CheckResult
from thinice_tui.engine.worker.memory import is_out_of_memory
from thinice_tui.errors import ModelError
from thinice_tui.models.load import LoadedModel

IMAGES = 64
"""Images that are checked."""
BATCH = 8


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
        if is_out_of_memory(error):
            raise
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
