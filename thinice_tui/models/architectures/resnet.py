"""Post-activation residual networks (He et al. 2015, arXiv 1512.03385), with the two sets of names in use.

For 32×32 images: a 3×3 stem, `shortcut`, `linear` (kuangliu/pytorch-cifar; HYDRA, HARP, RADMM, MAD, TwinRep, PwoA,
Li20), the last layer also `fc` or a 1×1 convolution (hidden networks). For larger ones: a 7×7 stem with stride 2 and
max pooling, `downsample`, `fc` (torchvision).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers, classify, make_head

WIDTHS = (64, 128, 256, 512)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions with batch norm, ReLU after the sum."""

    expansion = 1

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
    """A 3×3 convolution (with the stride) between two of 1×1; it has four times as many output as inner channels."""

    expansion = 4

    def __init__(self, layers: Layers, channels: int, width: int, stride: int, skip: str) -> None:
        super().__init__()
        self.conv1 = layers.conv("conv1", (channels, width), 1)
        self.bn1 = layers.norm("bn1", width)
        self.conv2 = layers.conv("conv2", (width, width), 3, stride, 1)
        self.bn2 = layers.norm("bn2", width)
        self.conv3 = layers.conv("conv3", (width, width * self.expansion), 1)
        self.bn3 = layers.norm("bn3", width * self.expansion)
        self.outs = self.conv3.out_channels
        self.skip = skip
        _add_skip(self, layers, skip, channels, width * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return F.relu(torch.add(out, _skipped(self, x, self.skip)))


Block = type[BasicBlock] | type[Bottleneck]


def _add_skip(block: nn.Module, layers: Layers, name: str, ins: int, outs: int, stride: int) -> None:
    """Add a 1×1 convolution with batch norm to `block` where the shape changes; elsewhere the skip is the identity."""
    if layers.has(name, stride != 1 or ins != outs):
        inner = layers.under(name)
        block.add_module(name, nn.Sequential(inner.conv("0", (ins, outs), 1, stride), inner.norm("1", outs)))


def _skipped(block: nn.Module, x: Tensor, name: str) -> Tensor:
    skip = getattr(block, name, None)
    out: Tensor = x if skip is None else skip(x)
    return out


def make_stages(
    network: nn.Module, layers: Layers, block: Block, depths: Sequence[int], channels: int, skip: str
) -> int:
    """Add `layer1` to `layer4` to the network; returns the number of output channels."""
    for number, (depth, width) in enumerate(zip(depths, WIDTHS, strict=True), start=1):
        stage = nn.Sequential()
        for index in range(depth):
            stride = 2 if number > 1 and index == 0 else 1
            made = block(layers.under(f"layer{number}.{index}"), channels, width, stride, skip)
            stage.append(made)
            channels = made.outs
        network.add_module(f"layer{number}", stage)
    return channels


class CifarResNet(nn.Module):
    """[N,C,32,32] (or any multiple of 8) to logits [N,classes]."""

    def __init__(self, layers: Layers, block: Block, depths: Sequence[int]) -> None:
        super().__init__()
        self.conv1 = layers.conv("conv1", (3, WIDTHS[0]), 3, 1, 1)
        self.bn1 = layers.norm("bn1", WIDTHS[0])
        channels = make_stages(self, layers, block, depths, self.conv1.out_channels, "shortcut")
        self.head, last = make_head(layers, channels, "linear", "fc")
        self.add_module(self.head, last)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        for number in range(1, 5):
            out = getattr(self, f"layer{number}")(out)
        return classify(getattr(self, self.head), F.adaptive_avg_pool2d(out, 1).flatten(1))


class TorchvisionResNet(nn.Module):
    """[N,C,H,W], made for 224×224, to logits [N,classes]."""

    def __init__(self, layers: Layers, block: Block, depths: Sequence[int]) -> None:
        super().__init__()
        self.conv1 = layers.conv("conv1", (3, WIDTHS[0]), 7, 2, 3)
        self.bn1 = layers.norm("bn1", WIDTHS[0])
        channels = make_stages(self, layers, block, depths, self.conv1.out_channels, "downsample")
        self.head, last = make_head(layers, channels, "fc")
        self.add_module(self.head, last)

    def forward(self, x: Tensor) -> Tensor:
        out = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for number in range(1, 5):
            out = getattr(self, f"layer{number}")(out)
        return classify(getattr(self, self.head), F.adaptive_avg_pool2d(out, 1).flatten(1))
