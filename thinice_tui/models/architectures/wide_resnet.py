"""Wide residual networks for 32×32 images (Zagoruyko and Komodakis 2016, arXiv 1605.07146).

Names as in TRADES, HYDRA and HARP: `block1.layer.0.conv1`, `convShortcut`, `bn1`, `fc`. Some of their states hold a
second first stage, `sub_block1`, that the forward pass never calls; it is left out.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers, classify, make_head
from thinice_tui.models.architectures.preact_block import PreActBlockBase

WIDTHS = (16, 32, 64)
"""Channels of the three stages before the widening factor; the stem has 16."""


class WideBlock(PreActBlockBase):
    """The block whose shortcut is called convShortcut."""

    shortcut_name = "convShortcut"


class WideStage(nn.Module):
    """`count` blocks, the first with the stride."""

    def __init__(self, layers: Layers, channels: int, width: int, count: int, stride: int) -> None:
        super().__init__()
        self.layer = nn.Sequential()
        for index in range(count):
            made = WideBlock(layers.under(f"layer.{index}"), channels, width, stride if index == 0 else 1)
            self.layer.append(made)
            channels = made.outs
        self.outs = channels

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x)
        return out


class WideResNet(nn.Module):
    """WRN-depth-widen: [N,C,32,32] (or any multiple of 4) to logits [N,classes]; depth = 6n + 4."""

    def __init__(self, layers: Layers, depth: int, widen: int) -> None:
        super().__init__()
        count = (depth - 4) // 6
        self.conv1 = layers.conv("conv1", (3, WIDTHS[0]), 3, 1, 1)
        channels = self.conv1.out_channels
        stages = []
        for number, width in enumerate(WIDTHS, start=1):
            stride = 1 if number == 1 else 2
            stages.append(WideStage(layers.under(f"block{number}"), channels, width * widen, count, stride))
            channels = stages[-1].outs
        self.block1, self.block2, self.block3 = stages
        self.bn1 = layers.norm("bn1", channels)
        self.head, last = make_head(layers, channels, "fc")
        self.add_module(self.head, last)

    def forward(self, x: Tensor) -> Tensor:
        out = self.block3(self.block2(self.block1(self.conv1(x))))
        out = F.relu(self.bn1(out))
        return classify(getattr(self, self.head), F.adaptive_avg_pool2d(out, 1).flatten(1))
