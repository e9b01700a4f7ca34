"""Wide residual networks whose convolutions have biases (meliketoy/wide-resnet.pytorch, since named bmsookim's).

Names `layer1.0.bn1`, `conv1`, `shortcut.0`, top-level `conv1`, `bn1`, `linear`. Unlike in the paper, the second 3×3
convolution has the stride, and the shortcut takes the block's input.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers, classify, make_head
from thinice_tui.models.architectures.wide_resnet import WIDTHS


class BiasedWideBlock(nn.Module):
    """Batch norm, ReLU and a 3×3 convolution, twice."""

    def __init__(self, layers: Layers, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = layers.norm("bn1", channels)
        self.conv1 = layers.conv("conv1", (channels, width), 3, 1, 1, bias=True)
        self.bn2 = layers.norm("bn2", width)
        self.conv2 = layers.conv("conv2", (width, width), 3, stride, 1, bias=True)
        self.outs = self.conv2.out_channels
        self.shortcut = nn.Sequential()
        if layers.has("shortcut", stride != 1 or channels != width):
            self.shortcut.append(layers.under("shortcut").conv("0", (channels, width), 1, stride, bias=True))

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(F.relu(self.bn1(x)))
        out = self.conv2(F.relu(self.bn2(out)))
        return torch.add(out, self.shortcut(x))


class BiasedWideResNet(nn.Module):
    """[N,C,32,32] (or any multiple of 4) to logits [N,classes]; depth = 6n + 4."""

    def __init__(self, layers: Layers, depth: int, widen: int) -> None:
        super().__init__()
        self.conv1 = layers.conv("conv1", (3, WIDTHS[0]), 3, 1, 1, bias=True)
        channels = self.conv1.out_channels
        for number, width in enumerate(WIDTHS, start=1):
            stage = nn.Sequential()
            for index in range((depth - 4) // 6):
                stride = 2 if number > 1 and index == 0 else 1
                made = BiasedWideBlock(layers.under(f"layer{number}.{index}"), channels, width * widen, stride)
                stage.append(made)
                channels = made.outs
            self.add_module(f"layer{number}", stage)
        self.bn1 = layers.norm("bn1", channels)
        self.head, last = make_head(layers, channels, "linear")
        self.add_module(self.head, last)

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv1(x)
        for number in range(1, 4):
            out = getattr(self, f"layer{number}")(out)
        out = F.relu(self.bn1(out))
        return classify(getattr(self, self.head), F.adaptive_avg_pool2d(out, 1).flatten(1))
