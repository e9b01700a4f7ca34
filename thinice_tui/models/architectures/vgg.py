"""VGG networks (Simonyan and Zisserman 2014, arXiv 1409.1556) in the layouts of published code.

These differ in names, biases, batch norm, the last pooling and the classifier.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers, classify

Stages = Sequence[Sequence[int]]
"""Output channels of the convolutions between two poolings."""
_SMALL = ((64, 64), (128, 128), (256, 256), (512, 512))
STAGES: dict[int, Stages] = {
    2: ((64,), (64,)),
    4: _SMALL[:2],
    6: _SMALL[:3],
    8: _SMALL,
    11: ((64,), (128,), (256, 256), (512, 512), (512, 512)),
    13: (*_SMALL, (512, 512)),
    16: ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3),
    19: ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),
}
"""By depth: the number of layers with weights of the networks with three linear layers, from 11 on."""


@dataclass(frozen=True)
class Layout:
    """How one project's networks differ from those of the others."""

    bias: bool
    """Whether convolutions have biases."""
    norm: bool = True
    """Whether batch norm follows each convolution."""
    features: str = "features"
    """The name of the convolutions' flat list."""
    pool: bool = True
    """Whether a max pooling follows the last stage, too."""
    side: int = 0
    """Height and width to which an average pooling brings the features; 0: none."""
    linear: tuple[int, ...] = ()
    """Positions of the linear layers in the list `classifier`; empty: it is a single layer."""
    units: int = 512
    """Outputs of the linear layers before the last one."""
    norm1d: bool = False
    """Whether batch norm follows the linear layers before the last one."""
    conv_head: bool = False
    """Whether the classifier is a 1×1 convolution."""


def positions(stages: Stages, norm: bool) -> list[int]:
    """Where convolutions are in the flat list, which also counts batch norm, ReLU and the poolings between stages."""
    places, place = [], 0
    for widths in stages:
        for _ in widths:
            places.append(place)
            place += 3 if norm else 2
        place += 1
    return places


class Vgg(nn.Module):
    """A network whose layers are numbered in one flat list; [N,C,H,W] to logits [N,classes].

    Made for 32×32 images (torchvision's: 224×224). Without an average pooling (`side` 0) the number of the
    classifier's inputs decides the size of the images.
    """

    def __init__(self, layers: Layers, stages: Stages, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        convolutions, channels = _convolutions(layers.under(layout.features), stages, layout)
        self.add_module(layout.features, convolutions)
        self.classifier = _classifier(layers, channels, layout)

    def forward(self, x: Tensor) -> Tensor:
        out = self.get_submodule(self.layout.features)(x)
        if self.layout.pool:
            out = F.max_pool2d(out, 2, 2)
        if self.layout.side:
            out = F.adaptive_avg_pool2d(out, self.layout.side)
        return classify(self.classifier, out.flatten(1))


def _convolutions(layers: Layers, stages: Stages, layout: Layout) -> tuple[nn.Sequential, int]:
    """Convolutions with batch norm and ReLU, max pooling between stages; and their output channels."""
    made, channels = nn.Sequential(), 3
    for number, widths in enumerate(stages):
        if number:
            made.append(nn.MaxPool2d(2, 2))
        for width in widths:
            conv = layers.conv(str(len(made)), (channels, width), 3, 1, 1, layout.bias)
            made.append(conv)
            if layout.norm:
                made.append(layers.norm(str(len(made)), width))
            made.append(nn.ReLU())
            channels = conv.out_channels
    return made, channels


def _classifier(layers: Layers, channels: int, layout: Layout) -> nn.Module:
    """The layers after the features: their inputs follow from the layers before them, their outputs from the state."""
    ins = channels * max(layout.side, 1) ** 2
    if layout.conv_head:
        bias = layers.has("classifier.bias", False)
        return layers.conv("classifier", (channels, layers.classes), 1, bias=bias)
    if not layout.linear:
        return layers.linear("classifier", (ins, layers.classes), fixed=layout.side > 0)
    inner, made = layers.under("classifier"), nn.Sequential()
    for place in layout.linear:
        while len(made) < place:
            made.append(nn.Identity())
        last = place == layout.linear[-1]
        linear = inner.linear(str(place), (ins, layers.classes if last else layout.units), fixed=True)
        made.append(linear)
        ins = linear.out_features
        if layout.norm1d and not last:
            made.append(nn.BatchNorm1d(ins))
        if not last:
            made.append(nn.ReLU())
    return made


class BlockVgg(nn.Module):
    """VGG-16 in blocks: `layer1` to `layer5` with biases and batch norm, `layer6` to `layer8` linear.

    norm1d: the published code of HBaR and PwoA, with a fifth max pooling and 4096 units with batch norm. Without: the
    adversarial pruning benchmark's, with an average pooling to 2×2 and 256 units.
    """

    def __init__(self, layers: Layers, norm1d: bool) -> None:
        super().__init__()
        self.norm1d = norm1d
        channels = 3
        for number, widths in enumerate(STAGES[16], start=1):
            stage = nn.Sequential()
            for index, width in enumerate(widths):
                inner = layers.under(f"layer{number}.{index}")
                conv = inner.conv("0", (channels, width), 3, 1, 1, bias=True)
                stage.append(nn.Sequential(conv, inner.norm("1", width), nn.ReLU()))
                channels = conv.out_channels
            self.add_module(f"layer{number}", stage)
        ins = channels if norm1d else 4 * channels
        for name in ("layer6", "layer7"):
            linear = layers.under(name).linear("0", (ins, 4096 if norm1d else 256), fixed=True)
            ins = linear.out_features
            norm = (nn.BatchNorm1d(ins),) if norm1d else ()
            self.add_module(name, nn.Sequential(linear, *norm, nn.ReLU()))
        self.layer8 = layers.linear("layer8", (ins, layers.classes), fixed=True)

    def forward(self, x: Tensor) -> Tensor:
        out = x
        for number in range(1, 6):
            out = self.get_submodule(f"layer{number}")(out)
            if number < 5 or self.norm1d:
                out = F.max_pool2d(out, 2, 2)
        if not self.norm1d:
            out = F.adaptive_avg_pool2d(out, 2)
        out = self.get_submodule("layer7")(self.get_submodule("layer6")(out.flatten(1)))
        logits: Tensor = self.layer8(out)
        return logits


class OpenLthVgg(nn.Module):
    """open_lth: the list `layers` of blocks with biases (`conv`, `bn`) and poolings, a 2×2 average pooling, `fc`."""

    def __init__(self, layers: Layers, stages: Stages) -> None:
        super().__init__()
        self.layers, channels = nn.Sequential(), 3
        for number, widths in enumerate(stages):
            if number:
                self.layers.append(nn.MaxPool2d(2, 2))
            for width in widths:
                inner = layers.under(f"layers.{len(self.layers)}")
                conv = inner.conv("conv", (channels, width), 3, 1, 1, bias=True)
                block = nn.Sequential(OrderedDict(conv=conv, bn=inner.norm("bn", width), relu=nn.ReLU()))
                self.layers.append(block)
                channels = conv.out_channels
        self.fc = layers.linear("fc", (channels, layers.classes), fixed=True)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(F.adaptive_avg_pool2d(self.layers(x), 1).flatten(1))
        return logits
