"""Residual networks of three stages for 32×32 images (He et al. 2015, arXiv 1512.03385, section 4.2), depth 6n + 2.

Their shortcuts are option A, without parameters (akamaster/pytorch_resnet_cifar10, `linear`), or convolutions with
batch norm: `shortcut` and `linear` (the same code's option B), `downsample` and `fc` (chenyaofo/pytorch-cifar-models).
Option A adds channels of zeros, half of them before and half of them after the old ones; other code with the same names
adds them all after (`F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, planes // 2))`, or `torch.cat((x, x.mul(0)), 1)`).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers, classify, make_head
from thinice_tui.models.architectures.resnet import BasicBlock, Names

WIDTHS = (16, 32, 64)
OPTION_A = Names("", ("linear", "fc"))
"""Shortcuts without layers."""


class OptionABlock(nn.Module):
    """A basic block; where it strides, the skip is every second pixel, with channels of zeros."""

    def __init__(self, layers: Layers, channels: int, width: int, stride: int, zeros_last: bool) -> None:
        super().__init__()
        self.conv1 = layers.conv("conv1", (channels, width), 3, stride, 1)
        self.bn1 = layers.norm("bn1", width)
        self.conv2 = layers.conv("conv2", (width, width), 3, 1, 1)
        self.bn2 = layers.norm("bn2", width)
        self.outs = self.conv2.out_channels
        self.stride = stride
        self.zeros = (0, self.outs - self.conv1.in_channels) if zeros_last else (self.outs // 4, self.outs // 4)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.stride != 1:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, *self.zeros))
        return F.relu(torch.add(out, x))


class ThreeStageResNet(nn.Module):
    """[N,C,32,32] (or any multiple of 4) to logits [N,classes]; depth = 6n + 2."""

    def __init__(self, layers: Layers, depth: int, names: Names, zeros_last: bool = False) -> None:
        super().__init__()
        self.conv1 = layers.conv("conv1", (3, WIDTHS[0]), 3, 1, 1)
        self.bn1 = layers.norm("bn1", WIDTHS[0])
        channels = self.conv1.out_channels
        for number, width in enumerate(WIDTHS, start=1):
            stage = nn.Sequential()
            for index in range((depth - 2) // 6):
                inner, stride = layers.under(f"layer{number}.{index}"), 2 if number > 1 and index == 0 else 1
                made = (
                    BasicBlock(inner, channels, width, stride, names.skip)
                    if names.skip
                    else OptionABlock(inner, channels, width, stride, zeros_last)
                )
                stage.append(made)
                channels = made.outs
            self.add_module(f"layer{number}", stage)
        self.head, last = make_head(layers, channels, *names.heads)
        self.add_module(self.head, last)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        for number in range(1, 4):
            out = getattr(self, f"layer{number}")(out)
        return classify(getattr(self, self.head), F.adaptive_avg_pool2d(out, 1).flatten(1))
