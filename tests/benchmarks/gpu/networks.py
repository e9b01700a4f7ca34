"""The networks whose throughput is measured: ResNet-18 for 32×32 images and ResNet-50, with random weights."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.classifier import Classifier, Normalization

DEPTHS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}


class Block(nn.Module):
    """A residual block: two 3×3 convolutions, or a bottleneck."""

    def __init__(self, channels: int, width: int, stride: int, bottleneck: bool) -> None:
        super().__init__()
        outs = 4 * width if bottleneck else width
        sizes = [(channels, width, 1, 1), (width, width, 3, stride), (width, outs, 1, 1)]
        sizes = sizes if bottleneck else [(channels, width, 3, stride), (width, outs, 3, 1)]
        self.layers = nn.ModuleList(_conv(*size) for size in sizes)
        self.skip = nn.Identity() if channels == outs and stride == 1 else _conv(channels, outs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = x
        for layer in self.layers[:-1]:
            out = F.relu(layer(out))
        return F.relu(torch.add(self.layers[-1](out), self.skip(x)))


def _conv(channels: int, outs: int, kernel: int, stride: int) -> nn.Sequential:
    conv = nn.Conv2d(channels, outs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outs))


def resnet(depth: int, large: bool, small: bool = False) -> Classifier:
    """A classifier of random weights; large: with ImageNet's stem and classes; small: one block of few channels."""
    torch.manual_seed(0)
    bottleneck, first = depth >= 50, 4 if small else 64
    stem = nn.Conv2d(3, first, 7 if large else 3, 2 if large else 1, 3 if large else 1, bias=False)
    layers: list[nn.Module] = [stem, nn.BatchNorm2d(first), nn.ReLU()]
    layers += [nn.MaxPool2d(3, 2, 1)] if large else []
    channels = first
    for stage, blocks in enumerate((1,) if small else DEPTHS[depth]):
        for number in range(blocks):
            width = first * 2**stage
            layers.append(Block(channels, width, 2 if stage and not number else 1, bottleneck))
            channels = 4 * width if bottleneck else width
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000 if large else 10)]
    return Classifier(nn.Sequential(*layers), Normalization("none", (0.5,) * 3, (0.25,) * 3))
