"""DeepMind's networks for 32×32 images (Gowal et al. 2020, arXiv 2010.03593; deepmind-research, pytorch/model_zoo.py).

Convolutions with stride 2 are padded at the right and the bottom only, as TensorFlow's `SAME`. The published networks
have SiLU activations; the same code with ReLU has the same names. They normalise inside the forward pass, with `mean`
and `std`, which the loader puts in front of the network. They pad no images of 32×32 pixels.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers, classify, make_head
from thinice_tui.models.architectures.wide_resnet import WIDTHS as WIDE_WIDTHS

WIDTHS = (64, 128, 256, 512)
Activation = Callable[[Tensor], Tensor]


def _padded(x: Tensor, stride: int) -> Tensor:
    """`x` with the zeros that a 3×3 convolution of this stride needs."""
    return F.pad(x, (1, 1, 1, 1) if stride == 1 else (0, 1, 0, 1))


class DeepMindWideBlock(nn.Module):
    """Batch norm, activation and a 3×3 convolution, twice; the shortcut takes the first activation."""

    def __init__(self, layers: Layers, channels: int, width: int, stride: int, activation: Activation) -> None:
        super().__init__()
        self.batchnorm_0 = layers.norm("batchnorm_0", channels)
        self.conv_0 = layers.conv("conv_0", (channels, width), 3, stride)
        self.batchnorm_1 = layers.norm("batchnorm_1", width)
        self.conv_1 = layers.conv("conv_1", (width, width), 3, 1, 1)
        changes = layers.has("shortcut", channels != width)
        self.shortcut = layers.conv("shortcut", (channels, width), 1, stride) if changes else None
        self.stride, self.activation, self.outs = stride, activation, self.conv_1.out_channels

    def forward(self, x: Tensor) -> Tensor:
        active = self.activation(self.batchnorm_0(x))
        skip = x if self.shortcut is None else self.shortcut(active)
        out = self.conv_0(_padded(active, self.stride))
        out = self.conv_1(self.activation(self.batchnorm_1(out)))
        return torch.add(out, skip)


class DeepMindPreActBlock(nn.Module):
    """Batch norm, activation and a 3×3 convolution, twice; the shortcut is a 3×3 convolution of the input."""

    def __init__(self, layers: Layers, channels: int, width: int, stride: int, activation: Activation) -> None:
        super().__init__()
        self.batchnorm_0 = layers.norm("batchnorm_0", channels)
        self.conv_2d_1 = layers.conv("conv_2d_1", (channels, width), 3, stride)
        self.batchnorm_1 = layers.norm("batchnorm_1", width)
        self.conv_2d_2 = layers.conv("conv_2d_2", (width, width), 3, 1, 1)
        changes = layers.has("shortcut", stride != 1 or channels != width)
        self.shortcut = layers.conv("shortcut", (channels, width), 3, stride) if changes else None
        self.stride, self.activation, self.outs = stride, activation, self.conv_2d_2.out_channels

    def forward(self, x: Tensor) -> Tensor:
        skip = x if self.shortcut is None else self.shortcut(_padded(x, self.stride))
        out = self.conv_2d_1(_padded(self.activation(self.batchnorm_0(x)), self.stride))
        out = self.conv_2d_2(self.activation(self.batchnorm_1(out)))
        return torch.add(out, skip)


Block = type[DeepMindWideBlock] | type[DeepMindPreActBlock]


def _stage(
    layers: Layers, block: Block, sizes: tuple[int, int], count: int, stride: int, activation: Activation
) -> tuple[nn.Sequential, int]:
    """`count` blocks, the first with the stride, and their output channels; sizes: input channels and width."""
    stage, (channels, width) = nn.Sequential(), sizes
    for index in range(count):
        made = block(layers.under(str(index)), channels, width, stride if index == 0 else 1, activation)
        stage.append(made)
        channels = made.outs
    return stage, channels


class DeepMindWideResNet(nn.Module):
    """WRN-depth-widen: [N,C,32,32] (or any multiple of 4) to logits [N,classes]; depth = 6n + 4."""

    def __init__(self, layers: Layers, depth: int, widen: int, activation: Activation) -> None:
        super().__init__()
        self.init_conv = layers.conv("init_conv", (3, WIDE_WIDTHS[0]), 3, 1, 1)
        channels = self.init_conv.out_channels
        self.layer = nn.Sequential()
        for number, width in enumerate(WIDE_WIDTHS):
            inner, stride = layers.under(f"layer.{number}.block"), 1 if number == 0 else 2
            blocks, channels = _stage(
                inner, DeepMindWideBlock, (channels, width * widen), (depth - 4) // 6, stride, activation
            )
            stage = nn.Sequential()
            stage.add_module("block", blocks)
            self.layer.append(stage)
        self.batchnorm = layers.norm("batchnorm", channels)
        self.activation = activation
        self.head, last = make_head(layers, channels, "logits")
        self.add_module(self.head, last)

    def forward(self, x: Tensor) -> Tensor:
        out = self.activation(self.batchnorm(self.layer(self.init_conv(x))))
        return classify(getattr(self, self.head), F.adaptive_avg_pool2d(out, 1).flatten(1))


class DeepMindPreActResNet(nn.Module):
    """[N,C,32,32] (or any multiple of 8) to logits [N,classes]."""

    def __init__(self, layers: Layers, depths: Sequence[int], activation: Activation) -> None:
        super().__init__()
        self.conv_2d = layers.conv("conv_2d", (3, WIDTHS[0]), 3, 1, 1)
        channels = self.conv_2d.out_channels
        for number, (depth, width) in enumerate(zip(depths, WIDTHS, strict=True)):
            inner, stride = layers.under(f"layer_{number}"), 1 if number == 0 else 2
            stage, channels = _stage(inner, DeepMindPreActBlock, (channels, width), depth, stride, activation)
            self.add_module(f"layer_{number}", stage)
        self.batchnorm = layers.norm("batchnorm", channels)
        self.activation = activation
        self.head, last = make_head(layers, channels, "logits")
        self.add_module(self.head, last)

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv_2d(x)
        for number in range(4):
            out = getattr(self, f"layer_{number}")(out)
        out = self.activation(self.batchnorm(out))
        return classify(getattr(self, self.head), F.adaptive_avg_pool2d(out, 1).flatten(1))
