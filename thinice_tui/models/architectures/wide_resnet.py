"""Wide residual networks for 32×32 images (Zagoruyko and Komodakis 2016, arXiv 1605.07146).

Names as in TRADES, HYDRA, HARP, TwinRep and robust scratch tickets: `block1.layer.0.conv1`, `convShortcut`, `bn1`,
`fc`. Some of their states hold a second first stage, `sub_block1`, that the forward pass never calls; it is left out.

Published code with these names computes other functions, too: see FORMS.
"""

from functools import partial

from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers, classify, make_head
from thinice_tui.models.architectures.preact_block import PAPER, BlockForm, PreActBlockBase

WIDTHS = (16, 32, 64)
"""Channels of the three stages before the widening factor; the stem has 16."""
LEAKY = partial(F.leaky_relu, negative_slope=0.1)
RAW_LEAKY = BlockForm(LEAKY, raw_shortcut=True, raw_input=True)
RAW_SILU = BlockForm(F.silu, raw_shortcut=True, raw_input=True)
FORMS = {
    "": (PAPER, PAPER, PAPER),
    "leaky": (BlockForm(LEAKY),) * 3,
    "silu": (BlockForm(F.silu),) * 3,
    "fixmatch": (BlockForm(LEAKY), RAW_LEAKY, RAW_LEAKY),
    "arow": (RAW_SILU,) * 3,
}
"""The forms of the three stages' blocks, by the suffix of the architecture's name.

`silu`: inspire-group/PAF_AT with its activation `silu`. `fixmatch`: kekmodel/FixMatch-pytorch, whose first block of the
second and third stage passes over its first batch norm and activation; `arow`: dyoony/ARoW, likewise in all stages.
"""


class WideBlock(PreActBlockBase):
    """The block whose shortcut is called convShortcut."""

    shortcut_name = "convShortcut"


class WideStage(nn.Module):
    """`count` blocks, the first with the stride."""

    def __init__(self, layers: Layers, channels: int, width: int, count: int, stride: int, form: BlockForm) -> None:
        super().__init__()
        self.layer = nn.Sequential()
        for index in range(count):
            made = WideBlock(layers.under(f"layer.{index}"), channels, width, stride if index == 0 else 1, form)
            self.layer.append(made)
            channels = made.outs
        self.outs = channels

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(x)
        return out


class WideResNet(nn.Module):
    """WRN-depth-widen: [N,C,32,32] (or any multiple of 4) to logits [N,classes]; depth = 6n + 4."""

    def __init__(self, layers: Layers, depth: int, widen: int, form: str = "") -> None:
        super().__init__()
        count, forms = (depth - 4) // 6, FORMS[form]
        self.conv1 = layers.conv("conv1", (3, WIDTHS[0]), 3, 1, 1)
        channels = self.conv1.out_channels
        stages = []
        for number, width in enumerate(WIDTHS, start=1):
            inner, stride = layers.under(f"block{number}"), 1 if number == 1 else 2
            stages.append(WideStage(inner, channels, width * widen, count, stride, forms[number - 1]))
            channels = stages[-1].outs
        self.block1, self.block2, self.block3 = stages
        self.bn1 = layers.norm("bn1", channels)
        self.activation = forms[-1].activation
        self.head, last = make_head(layers, channels, "fc")
        self.add_module(self.head, last)

    def forward(self, x: Tensor) -> Tensor:
        out = self.block3(self.block2(self.block1(self.conv1(x))))
        out = self.activation(self.bn1(out))
        return classify(getattr(self, self.head), F.adaptive_avg_pool2d(out, 1).flatten(1))
