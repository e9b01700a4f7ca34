"""Post-activation residual networks (He et al. 2015, arXiv 1512.03385), with the two sets of names in use.

`shortcut` and `linear`: kuangliu/pytorch-cifar, HYDRA, HARP, RADMM, MAD, TwinRep, PwoA, Li20; the last layer also `fc`
or a 1×1 convolution (hidden networks). `downsample` and `fc`: torchvision, with wide ResNets and ResNeXt.

The stem of 32×32 images is a 3×3 convolution, with stride 1 and without pooling in most code; that of larger images is
torchvision's. A state does not tell a 3×3 stem's stride and pooling (huyvnphan/PyTorch_CIFAR10 keeps torchvision's max
pooling).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers, classify, make_head

WIDTHS = (64, 128, 256, 512)


@dataclass(frozen=True)
class Stem:
    """The first convolution, and whether 3×3 max pooling with stride 2 follows it."""

    kernel: int
    stride: int
    pooled: bool


@dataclass(frozen=True)
class Names:
    """The names of the shortcut's layers, and of the last layer, the usual one first."""

    skip: str
    heads: tuple[str, ...]


SMALL, LARGE = Stem(3, 1, pooled=False), Stem(7, 2, pooled=True)
CIFAR, TORCHVISION = Names("shortcut", ("linear", "fc")), Names("downsample", ("fc",))


class BasicBlock(nn.Module):
    """Two 3×3 convolutions with batch norm, ReLU after the sum."""

    def __init__(self, layers: Layers, channels: int, width: int, stride: int, skip: str) -> None:
        super().__init__()
        self.conv1 = layers.conv("conv1", (channels, width), 3, stride, 1)
        self.bn1 = layers.norm("bn1", width)
        self.conv2 = layers.conv("conv2", (width, width), 3, 1, 1)
        self.bn2 = layers.norm("bn2", width)
        self.outs = self.conv2.out_channels
        self.skip = skip
        _add_skip(self, layers, skip, channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(torch.add(out, _skipped(self, x, self.skip)))


class Bottleneck(nn.Module):
    """A 3×3 convolution (with the stride) between two of 1×1; it has four times as many output channels as its width.

    inner: channels of the 3×3 convolution over the width; 2 or 4 in wide ResNets (Zagoruyko and Komodakis 2016) and
    ResNeXt (Xie et al. 2017, arXiv 1611.05431). groups: those of the 3×3 convolution.
    """

    expansion = 4

    def __init__(
        self, layers: Layers, channels: int, width: int, stride: int, skip: str, inner: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        between = width * inner
        self.conv1 = layers.conv("conv1", (channels, between), 1)
        self.bn1 = layers.norm("bn1", between)
        inputs = self.conv1.out_channels  # all of them in one group, or the state is another network's
        group_width = inputs if groups == 1 else between // groups
        self.conv2 = layers.grouped_conv("conv2", (inputs, between), group_width, 3, stride, 1)
        self.bn2 = layers.norm("bn2", between)
        self.conv3 = layers.conv("conv3", (between, width * self.expansion), 1)
        self.bn3 = layers.norm("bn3", width * self.expansion)
        self.outs = self.conv3.out_channels
        self.skip = skip
        _add_skip(self, layers, skip, channels, width * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return F.relu(torch.add(out, _skipped(self, x, self.skip)))


Block = Callable[[Layers, int, int, int, str], BasicBlock | Bottleneck]
"""Makes a block of a number of input channels, a width, a stride and the name of its shortcut."""


def _add_skip(block: nn.Module, layers: Layers, name: str, ins: int, outs: int, stride: int) -> None:
    """Add a 1×1 convolution with batch norm to `block` where the shape changes; elsewhere the skip is the identity."""
    if layers.has(name, stride != 1 or ins != outs):
        inner = layers.under(name)
        block.add_module(name, nn.Sequential(inner.conv("0", (ins, outs), 1, stride), inner.norm("1", outs)))


def _skipped(block: nn.Module, x: Tensor, name: str) -> Tensor:
    skip = getattr(block, name, None)
    out: Tensor = x if skip is None else skip(x)
    return out


class ResNet(nn.Module):
    """Four stages: [N,C,H,W], H and W multiples of 8 (of 32 with the large stem), to logits [N,classes]."""

    names: ClassVar[Names]

    def __init__(self, layers: Layers, block: Block, depths: Sequence[int], stem: Stem = SMALL) -> None:
        super().__init__()
        self.conv1 = layers.conv("conv1", (3, WIDTHS[0]), stem.kernel, stem.stride, stem.kernel // 2)
        self.bn1 = layers.norm("bn1", WIDTHS[0])
        self.pooled = stem.pooled
        channels = self.conv1.out_channels
        for number, (depth, width) in enumerate(zip(depths, WIDTHS, strict=True), start=1):
            stage = nn.Sequential()
            for index in range(depth):
                stride = 2 if number > 1 and index == 0 else 1
                made = block(layers.under(f"layer{number}.{index}"), channels, width, stride, self.names.skip)
                stage.append(made)
                channels = made.outs
            self.add_module(f"layer{number}", stage)
        self.head, last = make_head(layers, channels, *self.names.heads)
        self.add_module(self.head, last)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        if self.pooled:
            out = F.max_pool2d(out, 3, 2, 1)
        for number in range(1, 5):
            out = getattr(self, f"layer{number}")(out)
        return classify(getattr(self, self.head), F.adaptive_avg_pool2d(out, 1).flatten(1))


class CifarResNet(ResNet):
    """The network with the names of kuangliu/pytorch-cifar."""

    names = CIFAR


class TorchvisionResNet(ResNet):
    """The network with the names of torchvision."""

    names = TORCHVISION
