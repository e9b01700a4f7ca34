"""The model as an attack sees it: counted, watched, and safe from what attacks do to models."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn


class _UsableGradient(torch.autograd.Function):
    """The identity, whose gradient is contiguous and finite, whatever the model gives.

    A channels_last model gives gradients of that layout: torchattacks' L2 attacks fail on them (`.view`), and mixed
    layouts cost our own more than a copy. A NaN or infinite entry becomes 0: else one of them makes an image NaN, and
    with it every later iterate.
    """

    @staticmethod
    def forward(_: torch.autograd.function.FunctionCtx, images: Tensor) -> Tensor:
        return images.view_as(images)

    @staticmethod
    def backward(_: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:
        return gradient.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0).contiguous()


class CountingModel(nn.Module):
    """Counts images forward and backward, and calls `on_forward` after each pass.

    `on_forward` may raise: that stops an attack within one forward pass. Logits are handed out as a
    copy, because Square writes −inf into them. Gradients are contiguous and finite. Evaluation mode cannot be left.
    """

    def __init__(
        self, model: nn.Module, device: torch.device, on_forward: Callable[["CountingModel"], None] | None = None
    ) -> None:
        super().__init__()
        # torchattacks asks the first parameter for the device, and prints when there is none.
        self.anchor = nn.Parameter(torch.empty(0, device=device), requires_grad=False)
        self.model = model
        self.on_forward = on_forward
        self.forwards = 0
        self.backwards = 0
        self._not_finite = torch.zeros((), dtype=torch.long, device=device)
        self.eval()

    def train(self, mode: bool = True) -> "CountingModel":  # noqa: ARG002
        """Stay in evaluation mode."""
        return super().train(False)

    def forward(self, images: Tensor) -> Tensor:
        """Images [n,C,H,W] to logits [n,classes]."""
        count = len(images)
        if images.requires_grad:
            images = _UsableGradient.apply(images)  # type: ignore[no-untyped-call]
        logits: Tensor = self.model(images).clone()
        if logits.requires_grad:
            logits.register_hook(lambda _: self._count_backward(count))  # type: ignore[no-untyped-call]
        self.count_forward(logits)
        return logits

    @property
    def not_finite(self) -> int:
        """Images passed forward whose logits were NaN or infinite."""
        return int(self._not_finite)

    def count_forward(self, logits: Tensor) -> None:
        """Images were passed forward, with these logits [n,classes]."""
        self.forwards += len(logits)
        self._not_finite += (~torch.isfinite(logits.detach()).all(dim=1)).sum()
        if self.on_forward is not None:
            self.on_forward(self)

    def _count_backward(self, count: int) -> None:
        self.backwards += count


class Memory(Protocol):
    """What a model remembers of a pass on a batch, to be asked again where only a window of each image changed."""

    def moved(self, images: Tensor, top: int, left: int, side: int) -> Tensor:
        """Logits of images [n,C,H,W] which differ from those remembered in that window at most."""

    def keep(self, better: Tensor) -> None:
        """Remember the last images where `better`, bool [n]; elsewhere those before."""

    def only(self, rows: Tensor) -> None:
        """Forget all images but these, bool [n]."""


class CountingMemory:
    """A metered model's memory of a pass on images [n,C,H,W]; of one that has none, whole passes. Each is counted."""

    def __init__(self, meter: CountingModel, images: Tensor) -> None:
        self._meter = meter
        remember: Callable[[Tensor], Memory] | None = getattr(meter.model, "remember", None)
        self._memory = None if remember is None else remember(images)

    def moved(self, images: Tensor, top: int, left: int, side: int) -> Tensor:
        """Logits of images [n,C,H,W] which differ from those remembered in that window at most."""
        if self._memory is None:
            logits: Tensor = self._meter(images)
            return logits
        logits = self._memory.moved(images, top, left, side)
        self._meter.count_forward(logits)
        return logits

    def keep(self, better: Tensor) -> None:
        """Remember the last images where `better`, bool [n]; elsewhere those before."""
        if self._memory is not None:
            self._memory.keep(better)

    def only(self, rows: Tensor) -> None:
        """Forget all images but these, bool [n]."""
        if self._memory is not None:
            self._memory.only(rows)
