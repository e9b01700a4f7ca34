"""The sample models' network: a small pre-activation ResNet for 32×32 images."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers


class PreActBlock(nn.Module):
    """Two 3×3 convolutions, each after batch norm and ReLU (He et al. 2016, arXiv 1603.05027)."""

    def __init__(self, layers: Layers, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = layers.norm("bn1", channels)
        self.conv1 = layers.conv("conv1", (channels, width), 3, stride, 1)
        self.bn2 = layers.norm("bn2", width)
        self.conv2 = layers.conv("conv2", (width, width), 3, 1, 1)
        self.outs = self.conv2.out_channels
        changes = layers.has("shortcut", stride != 1 or channels != width)
        self.shortcut = layers.conv("shortcut", (channels, width), 1, stride) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.bn1(x))
        skip = x if self.shortcut is None else self.shortcut(active)
        out = self.conv1(active)
        out = self.conv2(F.relu(self.bn2(out)))
        return torch.add(out, skip)


class PreActResNet8(nn.Module):
    """Stride-2 stem and one block at each of 32, 64 and 128 channels; [N,C,32,32] to logits [N,classes]."""

    def __init__(self, layers: Layers | None = None) -> None:
        super().__init__()
        layers = layers or Layers()
        self.stem = layers.conv("stem", (3, 32), 3, 2, 1)
        self.layer1 = PreActBlock(layers.under("layer1"), self.stem.out_channels, 32, 1)
        self.layer2 = PreActBlock(layers.under("layer2"), self.layer1.outs, 64, 2)
        self.layer3 = PreActBlock(layers.under("layer3"), self.layer2.outs, 128, 2)
        self.bn = layers.norm("bn", self.layer3.outs)
        self.fc = layers.linear("fc", (self.layer3.outs, layers.classes))

    def forward(self, x: Tensor) -> Tensor:
        out = self.layer3(self.layer2(self.layer1(self.stem(x))))
        out = F.relu(self.bn(out)).mean(dim=(2, 3))
        logits: Tensor = self.fc(out)
        return logits
