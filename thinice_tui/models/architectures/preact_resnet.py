"""Pre-activation residual networks for 32×32 images (He et al. 2016, arXiv 1603.05027).

Names as in kuangliu/pytorch-cifar, with a final `bn` where the state has one, as those of FlyingBird and RobustBird.
Fast adversarial training (locuslab/fast_adversarial, RobustBench's PreActBlock) has the same names, but its shortcut
convolution takes the block's input, not its activation.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers, classify, make_head
from thinice_tui.models.architectures.preact_block import PreActBlockBase

WIDTHS = (64, 128, 256, 512)


class PreActBasicBlock(PreActBlockBase):
    """The block whose shortcut is a sequence of one convolution."""

    expansion = 1

    def make_shortcut(self, layers: Layers, channels: int, width: int, stride: int) -> nn.Module:
        return _convolution(layers, channels, width, stride)


class PreActBottleneck(nn.Module):
    """A 1×1, a 3×3 (with the stride) and a 1×1 convolution, each after batch norm and ReLU."""

    expansion = 4

    def __init__(self, layers: Layers, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = layers.norm("bn1", channels)
        self.conv1 = layers.conv("conv1", (channels, width), 1)
        self.bn2 = layers.norm("bn2", width)
        self.conv2 = layers.conv("conv2", (width, width), 3, stride, 1)
        self.bn3 = layers.norm("bn3", width)
        self.conv3 = layers.conv("conv3", (width, width * self.expansion), 1)
        self.outs = self.conv3.out_channels
        changes = layers.has("shortcut", stride != 1 or channels != self.outs)
        self.shortcut = _convolution(layers, channels, width * self.expansion, stride) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.bn1(x))
        skip = x if self.shortcut is None else self.shortcut(active)
        out = self.conv1(active)
        out = self.conv2(F.relu(self.bn2(out)))
        out = self.conv3(F.relu(self.bn3(out)))
        return torch.add(out, skip)


PreActBlock = Callable[[Layers, int, int, int], PreActBasicBlock | PreActBottleneck]
"""Makes a block of a number of input channels, a width and a stride."""


def _convolution(layers: Layers, ins: int, outs: int, stride: int) -> nn.Sequential:
    """A shortcut of one 1×1 convolution."""
    return nn.Sequential(layers.under("shortcut").conv("0", (ins, outs), 1, stride))


class PreActResNet(nn.Module):
    """[N,C,32,32] (or any multiple of 8) to logits [N,classes]."""

    def __init__(self, layers: Layers, block: PreActBlock, depths: Sequence[int]) -> None:
        super().__init__()
        self.conv1 = layers.conv("conv1", (3, WIDTHS[0]), 3, 1, 1)
        channels = self.conv1.out_channels
        for number, (depth, width) in enumerate(zip(depths, WIDTHS, strict=True), start=1):
            stage = nn.Sequential()
            for index in range(depth):
                stride = 2 if number > 1 and index == 0 else 1
                made = block(layers.under(f"layer{number}.{index}"), channels, width, stride)
                stage.append(made)
                channels = made.outs
            self.add_module(f"layer{number}", stage)
        self.bn = layers.norm("bn", channels) if layers.has("bn", True) else None
        self.head, last = make_head(layers, channels, "linear", "fc")
        self.add_module(self.head, last)

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(x)
        for number in range(1, 5):
            out = getattr(self, f"layer{number}")(out)
        if self.bn is not None:
            out = F.relu(self.bn(out))
        return classify(getattr(self, self.head), F.adaptive_avg_pool2d(out, 1).flatten(1))
