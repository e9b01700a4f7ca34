"""The pre-activation residual block (He et al. 2016, arXiv 1603.05027), with any name of the shortcut."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers


@dataclass(frozen=True)
class BlockForm:
    """What a block computes with its layers; published code differs from the paper in it, at the same names and shapes.

    raw_shortcut, raw_input: whether the shortcut convolution, and with it the first 3×3 convolution, take the block's
    input, where the paper has them take its activation.
    """

    activation: Callable[[Tensor], Tensor] = F.relu
    raw_shortcut: bool = False
    raw_input: bool = False


PAPER = BlockForm()


class PreActBlockBase(nn.Module):
    """Two 3×3 convolutions, each after batch norm and activation; the shortcut branches off after the first one."""

    shortcut_name = "shortcut"

    def __init__(self, layers: Layers, channels: int, width: int, stride: int, form: BlockForm = PAPER) -> None:
        super().__init__()
        self.bn1 = layers.norm("bn1", channels)
        self.conv1 = layers.conv("conv1", (channels, width), 3, stride, 1)
        self.bn2 = layers.norm("bn2", width)
        self.conv2 = layers.conv("conv2", (width, width), 3, 1, 1)
        self.outs = self.conv2.out_channels
        self.form = form
        changes = layers.has(self.shortcut_name, stride != 1 or channels != width)
        self.add_module(self.shortcut_name, self.make_shortcut(layers, channels, width, stride) if changes else None)

    def make_shortcut(self, layers: Layers, channels: int, width: int, stride: int) -> nn.Module:
        """A 1×1 convolution, where the shape changes."""
        return layers.conv(self.shortcut_name, (channels, width), 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        active = self.form.activation(self.bn1(x))
        skip, first = x, active
        shortcut = getattr(self, self.shortcut_name)
        if shortcut is not None:
            skip = shortcut(x if self.form.raw_shortcut else active)
            first = x if self.form.raw_input else active
        out = self.conv1(first)
        out = self.conv2(self.form.activation(self.bn2(out)))
        return torch.add(out, skip)
