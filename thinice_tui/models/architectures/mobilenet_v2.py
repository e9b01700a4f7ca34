"""MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381), with the two sets of names in use.

For 32×32 images: `layers.N.conv1`, `linear` (kuangliu/pytorch-cifar), with ReLU. torchvision's: `features.N.conv`,
`classifier.1`, with ReLU6; its strides are those for 224×224 images, or, with the same names and shapes, smaller ones:
of the stem alone, as is usual for CIFAR, or of the second stage, too, as in CIFAR model collections
(huyvnphan/PyTorch_CIFAR10, chenyaofo/pytorch-cifar-models).
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers

STEM, LAST = 32, 1280
"""Channels of the first and the last convolution."""
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, output channels, blocks and first stride of each stage (the paper's Table 2)."""


def blocks(small: bool) -> Iterator[tuple[int, int, int, bool]]:
    """Expansion, output channels and stride of each block, and whether it is the first of its stage.

    small: with the strides for 32×32 images, where the second stage has stride 1.
    """
    for number, (expansion, outs, count, stride) in enumerate(STAGES):
        for index in range(count):
            yield expansion, outs, stride if index == 0 and not (small and number == 1) else 1, index == 0


class CifarBlock(nn.Module):
    """Expansion, depthwise convolution, projection; with stride 1 the input is added, through `shortcut` if there."""

    def __init__(self, layers: Layers, ins: int, outs: int, expansion: int, stride: int) -> None:
        super().__init__()
        inner = expansion * ins
        self.conv1 = layers.conv("conv1", (ins, inner), 1)
        self.bn1 = layers.norm("bn1", inner)
        self.conv2 = layers.depthwise("conv2", inner, 3, stride, 1)
        self.bn2 = layers.norm("bn2", inner)
        self.conv3 = layers.conv("conv3", (inner, outs), 1)
        self.bn3 = layers.norm("bn3", outs)
        self.stride, self.outs = stride, self.conv3.out_channels
        self.shortcut = nn.Sequential()
        if stride == 1 and layers.has("shortcut", ins != outs):
            skip = layers.under("shortcut")
            self.shortcut = nn.Sequential(skip.conv("0", (ins, outs), 1), skip.norm("1", outs))

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return torch.add(out, self.shortcut(x)) if self.stride == 1 else out


class CifarMobileNetV2(nn.Module):
    """[N,C,32,32] (or any multiple of 8) to logits [N,classes]."""

    def __init__(self, layers: Layers) -> None:
        super().__init__()
        self.conv1 = layers.conv("conv1", (3, STEM), 3, 1, 1)
        self.bn1 = layers.norm("bn1", STEM)
        channels = self.conv1.out_channels
        self.layers = nn.Sequential()
        for number, (expansion, outs, stride, _) in enumerate(blocks(small=True)):
            made = CifarBlock(layers.under(f"layers.{number}"), channels, outs, expansion, stride)
            self.layers.append(made)
            channels = made.outs
        self.conv2 = layers.conv("conv2", (channels, LAST), 1)
        self.bn2 = layers.norm("bn2", LAST)
        self.linear = layers.linear("linear", (self.conv2.out_channels, layers.classes), fixed=True)

    def forward(self, x: Tensor) -> Tensor:
        out = self.layers(F.relu(self.bn1(self.conv1(x))))
        out = F.relu(self.bn2(self.conv2(out)))
        logits: Tensor = self.linear(F.adaptive_avg_pool2d(out, 1).flatten(1))
        return logits


def _step(layers: Layers, conv: nn.Conv2d) -> nn.Sequential:
    """A convolution, batch norm and ReLU6, numbered 0, 1 and 2."""
    return nn.Sequential(conv, layers.norm("1", conv.out_channels), nn.ReLU6())


class TorchvisionBlock(nn.Module):
    """As CifarBlock, numbered in the list `conv`, and without a layer in the shortcut.

    In the first block of a stage the input is added where it happens to have the output's shape (narrow networks), as
    in torchvision; elsewhere wherever the stride is 1.
    """

    def __init__(self, layers: Layers, ins: int, outs: int, expansion: int, stride: int, first: bool) -> None:
        super().__init__()
        inner, made = layers.under("conv"), nn.Sequential()
        if expansion != 1:
            step = inner.under("0")
            made.append(_step(step, step.conv("0", (ins, expansion * ins), 1)))
        step = inner.under(str(len(made)))
        made.append(_step(step, step.depthwise("0", expansion * ins, 3, stride, 1)))
        last = inner.conv(str(len(made)), (expansion * ins, outs), 1)
        made.append(last)
        made.append(inner.norm(str(len(made)), outs))
        self.conv, self.outs = made, last.out_channels
        self.adds = stride == 1 and (not first or ins == self.outs)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return torch.add(x, out) if self.adds else out


class TorchvisionMobileNetV2(nn.Module):
    """[N,C,H,W] to logits [N,classes]; made for 224×224 images.

    stem_stride: of the first convolution. small: with the strides of `blocks` for 32×32 images.
    """

    def __init__(self, layers: Layers, stem_stride: int, small: bool) -> None:
        super().__init__()
        inner = layers.under("features")
        stem = inner.under("0").conv("0", (3, STEM), 3, stem_stride, 1)
        self.features = nn.Sequential(_step(inner.under("0"), stem))
        channels = stem.out_channels
        for expansion, outs, stride, first in blocks(small):
            made = TorchvisionBlock(inner.under(str(len(self.features))), channels, outs, expansion, stride, first)
            self.features.append(made)
            channels = made.outs
        step = inner.under(str(len(self.features)))
        last = step.conv("0", (channels, LAST), 1)
        self.features.append(_step(step, last))
        linear = layers.under("classifier").linear("1", (last.out_channels, layers.classes), fixed=True)
        self.classifier = nn.Sequential(nn.Identity(), linear)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(F.adaptive_avg_pool2d(self.features(x), 1).flatten(1))
        return logits
