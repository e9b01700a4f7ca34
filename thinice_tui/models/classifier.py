"""The classifier that attacks and forward passes use: raw images in [0,1] to float32 logits."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.models.graph_constants import move_graph_constants
from thinice_tui.models.logits import LogitsFinder


@dataclass(frozen=True)
class Normalization:
    """Per-channel mean and standard deviation, in units of [0,1] pixels; applied as (x − mean) / std."""

    name: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


class Normalized(nn.Module):
    """A network after its normalisation: images [N,C,H,W] in [0,1] to what the network returns."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, normalization: Normalization) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(normalization.mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(normalization.std).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> object:
        return self.network((images - self.mean) / self.std)


class Classifier(nn.Module):
    """A frozen network that is always in evaluation mode.

    `train()` does nothing: torchattacks calls it on models, which would change batch norm's statistics. Parameters
    are frozen, so that no attack fills `param.grad`. Of a network that returns more than a tensor, the logits are taken
    (see LogitsFinder). A network that changes its input in place changes a copy.
    """

    def __init__(self, network: nn.Module, normalization: Normalization | None = None) -> None:
        super().__init__()
        self.network = network if normalization is None else Normalized(network, normalization)
        self._copies_input = normalization is None
        """Without normalisation, the network would get the caller's images and could change them in place."""
        self._logits = LogitsFinder(network)
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> "Classifier":  # noqa: ARG002
        """Stay in evaluation mode."""
        return super().train(False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Classifier":
        """What `.to(device)` calls: tensors that a stored graph creates go there, too."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        move_graph_constants(self, fn(torch.empty(0)).device)
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Images [N,C,H,W] in [0,1] to logits [N,classes], float32; raises ModelError where no logits are returned."""
        own = images.clone(memory_format=torch.contiguous_format) if self._copies_input else images.contiguous()
        return self._logits(self.network(own)).float()
