"""The pre-activation residual block (He et al. 2016, arXiv 1603.05027), with any name of the shortcut."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers


class PreActBlockBase(nn.Module):
    """Two 3×3 convolutions, each after batch norm and ReLU; the shortcut branches off after the first ReLU."""

    shortcut_name = "shortcut"

    def __init__(self, layers: Layers, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = layers.norm("bn1", channels)
        self.conv1 = layers.conv("conv1", (channels, width), 3, stride, 1)
        self.bn2 = layers.norm("bn2", width)
        self.conv2 = layers.conv("conv2", (width, width), 3, 1, 1)
        self.outs = self.conv2.out_channels
        changes = layers.has(self.shortcut_name, stride != 1 or channels != width)
        self.add_module(self.shortcut_name, self.make_shortcut(layers, channels, width, stride) if changes else None)

    def make_shortcut(self, layers: Layers, channels: int, width: int, stride: int) -> nn.Module:
        """A 1×1 convolution, where the shape changes."""
        return layers.conv(self.shortcut_name, (channels, width), 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.bn1(x))
        shortcut = getattr(self, self.shortcut_name)
        skip = x if shortcut is None else shortcut(active)
        out = self.conv1(active)
        out = self.conv2(F.relu(self.bn2(out)))
        return torch.add(out, skip)
