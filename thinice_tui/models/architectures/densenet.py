"""Densely connected networks with bottlenecks and compression (Huang et al. 2016, arXiv 1608.06993, DenseNet-BC).

For 32×32 images: a 3×3 stem, `dense1.0.bn1`, `trans1`, `linear` (kuangliu/pytorch-cifar; its densenet_cifar is
DenseNet-121 with growth 12). torchvision's: `features.denseblock1.denselayer1.norm1`, `classifier`, with a 7×7 stem;
the files that torchvision downloads have `norm.1` in place of `norm1`. For CIFAR it is also used with a 3×3 stem, with
(huyvnphan/PyTorch_CIFAR10) or without max pooling.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers

DEPTHS = {
    121: (32, (6, 12, 24, 16)),
    161: (48, (6, 12, 36, 24)),
    169: (32, (6, 12, 32, 32)),
    201: (32, (6, 12, 48, 32)),
}
"""By depth: growth (channels that a layer adds) and layers of each block."""
BOTTLENECK = 4
"""Channels inside a layer, as a multiple of the growth."""


@dataclass(frozen=True)
class Names:
    """The names of one layer's parts, of blocks and layers, and of transitions."""

    norms: tuple[str, str]
    convs: tuple[str, str]
    block: str
    layer: str
    """With a place for the layer's number."""
    first: int
    """The first layer's number."""
    transition: str
    transition_norm: str


CIFAR = Names(("bn1", "bn2"), ("conv1", "conv2"), "dense", "{}", 0, "trans", "bn")
TORCHVISION = Names(("norm1", "norm2"), ("conv1", "conv2"), "denseblock", "denselayer{}", 1, "transition", "norm")
DOTTED = Names(("norm.1", "norm.2"), ("conv.1", "conv.2"), "denseblock", "denselayer{}", 1, "transition", "norm")


def _add(module: nn.Module, name: str, part: nn.Module) -> None:
    """Add `part` to `module` under a name that may have dots."""
    for parent in name.split(".")[:-1]:
        if not hasattr(module, parent):
            module.add_module(parent, nn.Module())
        module = module.get_submodule(parent)
    module.add_module(name.rpartition(".")[2], part)


class DenseLayer(nn.Module):
    """Batch norm, ReLU, 1×1 convolution, batch norm, ReLU, 3×3 convolution: the channels that it adds."""

    def __init__(self, layers: Layers, ins: int, growth: int, names: Names) -> None:
        super().__init__()
        self.names = names
        inner = BOTTLENECK * growth
        for norm, channels in zip(names.norms, (ins, inner), strict=True):
            _add(self, norm, layers.norm(norm, channels))
        _add(self, names.convs[0], layers.conv(names.convs[0], (ins, inner), 1))
        last = layers.conv(names.convs[1], (inner, growth), 3, 1, 1)
        _add(self, names.convs[1], last)
        self.growth = last.out_channels

    def forward(self, x: Tensor) -> Tensor:
        out = x
        for norm, conv in zip(self.names.norms, self.names.convs, strict=True):
            out = self.get_submodule(conv)(F.relu(self.get_submodule(norm)(out)))
        return out


class DenseBlock(nn.Module):
    """Layers that each get all channels before them, with their own in front (pytorch-cifar) or at the end."""

    def __init__(self, layers: Layers, ins: int, growth: int, count: int, names: Names) -> None:
        super().__init__()
        self.own_first = names == CIFAR
        for number in range(names.first, names.first + count):
            name = names.layer.format(number)
            made = DenseLayer(layers.under(name), ins, growth, names)
            self.add_module(name, made)
            ins += made.growth
        self.outs = ins

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            own = layer(x)
            x = torch.cat([own, x] if self.own_first else [x, own], 1)
        return x


class Transition(nn.Module):
    """Batch norm, ReLU, a 1×1 convolution to half of the channels, 2×2 average pooling."""

    def __init__(self, layers: Layers, ins: int, names: Names) -> None:
        super().__init__()
        self.norm_name = names.transition_norm
        self.add_module(self.norm_name, layers.norm(self.norm_name, ins))
        self.conv = layers.conv("conv", (ins, ins // 2), 1)
        self.outs = self.conv.out_channels

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(self.conv(F.relu(self.get_submodule(self.norm_name)(x))), 2)


def _make_blocks(
    network: nn.Module, layers: Layers, channels: int, growth: int, counts: Sequence[int], names: Names
) -> int:
    """Add blocks with transitions between them to the network; returns the number of output channels."""
    for number, count in enumerate(counts, start=1):
        name = f"{names.block}{number}"
        block = DenseBlock(layers.under(name), channels, growth, count, names)
        network.add_module(name, block)
        channels = block.outs
        if number < len(counts):
            name = f"{names.transition}{number}"
            transition = Transition(layers.under(name), channels, names)
            network.add_module(name, transition)
            channels = transition.outs
    return channels


def _pass_blocks(network: nn.Module, x: Tensor, names: Names) -> Tensor:
    for number in range(1, 5):
        x = network.get_submodule(f"{names.block}{number}")(x)
        if number < 4:
            x = network.get_submodule(f"{names.transition}{number}")(x)
    return x


class CifarDenseNet(nn.Module):
    """[N,C,32,32] (or any multiple of 8) to logits [N,classes]."""

    def __init__(self, layers: Layers, growth: int, counts: Sequence[int]) -> None:
        super().__init__()
        self.conv1 = layers.conv("conv1", (3, 2 * growth), 3, 1, 1)
        channels = _make_blocks(self, layers, self.conv1.out_channels, growth, counts, CIFAR)
        self.bn = layers.norm("bn", channels)
        self.linear = layers.linear("linear", (channels, layers.classes), fixed=True)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn(_pass_blocks(self, self.conv1(x), CIFAR)))
        logits: Tensor = self.linear(F.adaptive_avg_pool2d(out, 1).flatten(1))
        return logits


class TorchvisionDenseNet(nn.Module):
    """[N,C,H,W] to logits [N,classes]; the stem is 7×7 with stride 2 (made for 224×224), or 3×3 (for 32×32).

    pool: whether the stem's max pooling halves the size, as in torchvision.
    """

    def __init__(
        self, layers: Layers, growth: int, counts: Sequence[int], names: Names, kernel: int = 7, pool: bool = True
    ) -> None:
        super().__init__()
        self.names, self.pool = names, pool
        inner = layers.under("features")
        self.features = nn.Module()
        stem = inner.conv("conv0", (3, 2 * growth), kernel, 2 if kernel == 7 else 1, kernel // 2)
        self.features.add_module("conv0", stem)
        self.features.add_module("norm0", inner.norm("norm0", stem.out_channels))
        channels = _make_blocks(self.features, inner, stem.out_channels, growth, counts, names)
        self.features.add_module("norm5", inner.norm("norm5", channels))
        self.classifier = layers.linear("classifier", (channels, layers.classes), fixed=True)

    def forward(self, x: Tensor) -> Tensor:
        part = self.features.get_submodule
        out = F.relu(part("norm0")(part("conv0")(x)))
        if self.pool:
            out = F.max_pool2d(out, 3, 2, 1)
        out = F.relu(part("norm5")(_pass_blocks(self.features, out, self.names)))
        logits: Tensor = self.classifier(F.adaptive_avg_pool2d(out, 1).flatten(1))
        return logits
