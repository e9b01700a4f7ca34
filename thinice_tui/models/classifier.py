"""What every attack and every forward pass of a run sees: raw [0,1] images in, float32 logits out."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Normalization:
    """Per-channel mean and standard deviation, in units of [0,1] pixels; applied as (x − mean) / std."""

    name: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


class Normalized(nn.Module):
    """A network behind its normalisation: images [N,C,H,W] in [0,1] to whatever the network returns."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, normalization: Normalization) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(normalization.mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(normalization.std).view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network((images - self.mean) / self.std)
        return logits


class Classifier(nn.Module):
    """A frozen network in evaluation mode, that nothing can put back into training mode.

    torchattacks calls `.train()` on models behind our back, which destroys BatchNorm statistics; here
    it does nothing. Parameters are frozen, so that no attack fills `param.grad`. A network that
    returns a tuple or list (logits first, features after) is unwrapped, and one that changes its input in
    place changes a copy.
    """

    def __init__(self, network: nn.Module, normalization: Normalization | None = None) -> None:
        super().__init__()
        self.network = network if normalization is None else Normalized(network, normalization)
        self._exposed = normalization is None
        """Whether the network gets the very images that it is called with, and might change them in place."""
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> "Classifier":  # noqa: ARG002
        """Stay in evaluation mode, whatever the caller asks for."""
        return super().train(False)

    def forward(self, images: Tensor) -> Tensor:
        """Images [N,C,H,W] in [0,1] to logits [N,classes], float32."""
        own = images.clone(memory_format=torch.contiguous_format) if self._exposed else images.contiguous()
        out = self.network(own)
        if isinstance(out, (tuple, list)):
            out = out[0]
        logits: Tensor = out.float()
        return logits
