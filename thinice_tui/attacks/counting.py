"""The model that an attack is given: it counts passes, can stop the attack, and cannot be changed by it."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class _UsableGradient(torch.autograd.Function):
    """The identity, with a gradient that is always contiguous and finite.

    A channels_last model returns channels_last gradients: torchattacks' L2 attacks fail on them (`.view`), and mixed
    layouts cost the attacks here more than a copy. A NaN or infinite entry becomes 0; otherwise one entry would make
    the image NaN, and with it every later iterate.
    """

    @staticmethod
    def forward(_: torch.autograd.function.FunctionCtx, images: Tensor) -> Tensor:
        return images.view_as(images)

    @staticmethod
    def backward(_: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:
        return gradient.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0).contiguous()


class CountingModel(nn.Module):
    """Counts the images passed forward and backward, and calls `on_forward` with itself after each forward pass.

    An exception from `on_forward` stops the attack within one forward pass. Logits are a copy, so that an attack may
    write into them. Gradients are contiguous and finite. The model stays in evaluation mode.
    """

    def __init__(
        self, model: nn.Module, device: torch.device, on_forward: Callable[["CountingModel"], None] | None = None
    ) -> None:
        super().__init__()
        # torchattacks reads the device from the first parameter, and prints a message where there is none.
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
        self._count_forward(logits)
        return logits

    @property
    def not_finite(self) -> int:
        """The number of images whose logits were NaN or infinite."""
        return int(self._not_finite)

    def _count_forward(self, logits: Tensor) -> None:
        self.forwards += len(logits)
        self._not_finite += (~torch.isfinite(logits.detach()).all(dim=1)).sum()
        if self.on_forward is not None:
            self.on_forward(self)

    def _count_backward(self, count: int) -> None:
        self.backwards += count
