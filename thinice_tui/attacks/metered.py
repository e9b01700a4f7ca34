"""The model as an attack sees it: counted, watched, and safe from what attacks do to models."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


class MeteredModel(nn.Module):
    """Counts images forward and backward, and calls `on_forward` after each pass.

    `on_forward` may raise: that stops an attack within one forward pass. Logits are handed out as a
    copy, because Square writes −inf into them. Evaluation mode cannot be left.
    """

    def __init__(
        self, model: nn.Module, device: torch.device, on_forward: Callable[["MeteredModel"], None] | None = None
    ) -> None:
        super().__init__()
        # torchattacks asks the first parameter for the device, and prints when there is none.
        self.anchor = nn.Parameter(torch.empty(0, device=device), requires_grad=False)
        self.model = model
        self.on_forward = on_forward
        self.forwards = 0
        self.backwards = 0
        self.eval()

    def train(self, mode: bool = True) -> "MeteredModel":  # noqa: ARG002
        """Stay in evaluation mode."""
        return super().train(False)

    def forward(self, images: Tensor) -> Tensor:
        """Images [n,C,H,W] to logits [n,classes]."""
        count = len(images)
        logits: Tensor = self.model(images).clone()
        self.forwards += count
        if logits.requires_grad:
            logits.register_hook(lambda _: self._count_backward(count))  # type: ignore[no-untyped-call]
        if self.on_forward is not None:
            self.on_forward(self)
        return logits

    def _count_backward(self, count: int) -> None:
        self.backwards += count
