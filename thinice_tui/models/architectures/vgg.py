"""VGG-16 with batch norm for 32×32 images (Simonyan and Zisserman 2014, arXiv 1409.1556), in six published variants.

These differ in names, biases, the last pooling and the classifier.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from thinice_tui.models.architectures.layers import Layers

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
LAST = 512
"""Width of the first classifier layer of Li et al. (2020)."""


def convolutions(layers: Layers, bias: bool) -> tuple[nn.Sequential, int]:
    """Thirteen convolutions with batch norm and ReLU, 2×2 max pooling between stages; and their output channels.

    Layers are numbered in one flat list, as in all variants but PwoA's.
    """
    made, channels = nn.Sequential(), 3
    for number, widths in enumerate(STAGES):
        if number:
            made.append(nn.MaxPool2d(2, 2))
        for width in widths:
            conv = layers.conv(str(len(made)), (channels, width), 3, 1, 1, bias)
            made.append(conv)
            made.append(layers.norm(str(len(made)), width))
            made.append(nn.ReLU())
            channels = conv.out_channels
    return made, channels


class HydraVgg(nn.Module):
    """HYDRA, HARP: `features` without biases, average pooling to 2×2, `classifier` of three layers."""

    def __init__(self, layers: Layers) -> None:
        super().__init__()
        self.features, channels = convolutions(layers.under("features"), bias=False)
        inner = layers.under("classifier")
        self.classifier = nn.Sequential(
            inner.linear("0", (4 * channels, 256)),
            nn.ReLU(),
            inner.linear("2", (256, 256)),
            nn.ReLU(),
            inner.linear("4", (256, layers.classes)),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(F.adaptive_avg_pool2d(self.features(x), 2).flatten(1))
        return logits


class FlatVgg(nn.Module):
    """RADMM, the birds (with biases) and TwinRep (without): `features`, a fifth max pooling, one linear layer."""

    def __init__(self, layers: Layers, bias: bool) -> None:
        super().__init__()
        self.features, channels = convolutions(layers.under("features"), bias)
        self.classifier = layers.linear("classifier", (channels, layers.classes))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(F.max_pool2d(self.features(x), 2, 2).flatten(1))
        return logits


class MadVgg(nn.Module):
    """MAD: `feature` without biases, a 2×2 average pooling, one linear layer."""

    def __init__(self, layers: Layers) -> None:
        super().__init__()
        self.feature, channels = convolutions(layers.under("feature"), bias=False)
        self.classifier = layers.linear("classifier", (channels, layers.classes))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(F.avg_pool2d(self.feature(x), 2).flatten(1))
        return logits


class LiVgg(nn.Module):
    """Li et al. 2020: `feature` as MAD's, and a `classifier` of two layers with batch norm between them."""

    def __init__(self, layers: Layers) -> None:
        super().__init__()
        self.feature, channels = convolutions(layers.under("feature"), bias=False)
        inner = layers.under("classifier")
        first = inner.linear("0", (channels, LAST))
        self.classifier = nn.Sequential(
            first,
            nn.BatchNorm1d(first.out_features),
            nn.ReLU(),
            inner.linear("3", (first.out_features, layers.classes)),
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.classifier(F.avg_pool2d(self.feature(x), 2).flatten(1))
        return logits


class PwoaVgg(nn.Module):
    """PwoA: `layer1` to `layer5` of blocks with biases, average pooling to 2×2, `layer6` to `layer8` linear."""

    def __init__(self, layers: Layers) -> None:
        super().__init__()
        channels = 3
        for number, widths in enumerate(STAGES, start=1):
            stage = nn.Sequential()
            for index, width in enumerate(widths):
                inner = layers.under(f"layer{number}.{index}")
                conv = inner.conv("0", (channels, width), 3, 1, 1, bias=True)
                stage.append(nn.Sequential(conv, inner.norm("1", width), nn.ReLU()))
                channels = conv.out_channels
            self.add_module(f"layer{number}", stage)
        self.layer6 = nn.Sequential(layers.under("layer6").linear("0", (4 * channels, 256)), nn.ReLU())
        self.layer7 = nn.Sequential(layers.under("layer7").linear("0", (256, 256)), nn.ReLU())
        self.layer8 = layers.linear("layer8", (256, layers.classes))

    def forward(self, x: Tensor) -> Tensor:
        out = x
        for number in range(1, 5):
            out = F.max_pool2d(getattr(self, f"layer{number}")(out), 2, 2)
        out = F.adaptive_avg_pool2d(self.get_submodule("layer5")(out), 2).flatten(1)
        logits: Tensor = self.layer8(self.layer7(self.layer6(out)))
        return logits


VARIANTS: dict[str, tuple[Callable[[Layers], nn.Module], str]] = {
    "vgg16_hydra": (HydraVgg, "features.40.weight"),
    "vgg16_radmm": (lambda layers: FlatVgg(layers, bias=True), "features.40.weight"),
    "vgg16_twinrep": (lambda layers: FlatVgg(layers, bias=False), "features.40.weight"),
    "vgg16_mad": (MadVgg, "feature.40.weight"),
    "vgg16_li20": (LiVgg, "feature.40.weight"),
    "vgg16_pwoa": (PwoaVgg, "layer5.2.0.weight"),
}
"""By name: how the variant is built, and a name that all its states have."""
