"""Layers of reference networks: names with shapes, and formulas on a dictionary of tensors.

Nothing here uses the package: names are spelt out as the published code spells them, and logits are computed with
`torch.nn.functional`. Widths are small, so that tests are quick.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

State = dict[str, Tensor]


class Maker:
    """Makes random tensors under the names of layers, from one seed."""

    def __init__(self, seed: int = 0) -> None:
        self.state: State = {}
        self._random = torch.Generator().manual_seed(seed)

    def draw(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._random)

    def conv(self, name: str, ins: int, outs: int, kernel: int, bias: bool = False) -> None:
        self.state[f"{name}.weight"] = self.draw(outs, ins, kernel, kernel) / (ins * kernel * kernel) ** 0.5
        if bias:
            self.state[f"{name}.bias"] = 0.1 * self.draw(outs)

    def linear(self, name: str, ins: int, outs: int) -> None:
        self.state[f"{name}.weight"] = self.draw(outs, ins) / ins**0.5
        self.state[f"{name}.bias"] = 0.1 * self.draw(outs)

    def norm(self, name: str, channels: int) -> None:
        self.state[f"{name}.weight"] = 1 + 0.1 * self.draw(channels)
        self.state[f"{name}.bias"] = 0.1 * self.draw(channels)
        self.state[f"{name}.running_mean"] = 0.1 * self.draw(channels)
        self.state[f"{name}.running_var"] = 1 + 0.1 * self.draw(channels).abs()
        self.state[f"{name}.num_batches_tracked"] = torch.tensor(7)


def norm(s: State, name: str, x: Tensor) -> Tensor:
    mean, var, weight, bias = (s[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, mean, var, weight, bias, training=False)


def conv(s: State, name: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = s[f"{name}.weight"]
    return F.conv2d(x, weight, s.get(f"{name}.bias"), stride, weight.shape[-1] // 2)


def linear(s: State, name: str, x: Tensor) -> Tensor:
    return F.linear(x, s[f"{name}.weight"], s[f"{name}.bias"])


@dataclass(frozen=True)
class Reference:
    """A reference network and the name under which it must be recognised."""

    name: str
    make: Callable[[int, int], State]
    """Classes and input channels to a state."""
    logits: Callable[[State, Tensor], Tensor]


def blocks(depths: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Stage, number and stride of each block: the first of each stage but the first strides."""
    return [(stage, block, 2 if stage and not block else 1) for stage, n in enumerate(depths) for block in range(n)]


def convolutions(ins: int, width: int, outs: int, deep: bool) -> list[tuple[int, int, int]]:
    """Channels in, channels out and kernel of a block's convolutions."""
    return [(ins, width, 1), (width, width, 3), (width, outs, 1)] if deep else [(ins, width, 3), (width, outs, 3)]
