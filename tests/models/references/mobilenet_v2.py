"""Reference versions of MobileNetV2; as in `parts`, nothing of the package."""

from torch import Tensor
from torch.nn import functional as F

from tests.models.references.parts import Maker, Reference, State, conv, linear, norm

INVERTED = ((1, 4, 1, 1), (6, 6, 2, 2), (6, 8, 3, 2), (6, 16, 4, 2), (6, 24, 3, 1), (6, 40, 3, 2), (6, 80, 1, 1))
"""t, c, n and s of MobileNetV2's Table 2, a quarter as wide."""


def grouped(s: State, name: str, x: Tensor, stride: int) -> Tensor:
    """A depthwise 3×3 convolution."""
    weight = s[f"{name}.weight"]
    return F.conv2d(x, weight, None, stride, 1, groups=weight.shape[0])


def cifar_mobilenet() -> Reference:
    """kuangliu/pytorch-cifar's `MobileNetV2`: the second stage has stride 1."""

    def make(classes: int, channels: int) -> State:
        m, ins, number = Maker(), 8, 0
        m.conv("conv1", channels, ins, 3)
        m.norm("bn1", ins)
        for stage, (t, outs, n, s) in enumerate(INVERTED):
            for i in range(n):
                at, stride = f"layers.{number}", s if i == 0 and stage != 1 else 1
                m.conv(f"{at}.conv1", ins, t * ins, 1)
                m.norm(f"{at}.bn1", t * ins)
                m.conv(f"{at}.conv2", 1, t * ins, 3)
                m.norm(f"{at}.bn2", t * ins)
                m.conv(f"{at}.conv3", t * ins, outs, 1)
                m.norm(f"{at}.bn3", outs)
                if stride == 1 and ins != outs:
                    m.conv(f"{at}.shortcut.0", ins, outs, 1)
                    m.norm(f"{at}.shortcut.1", outs)
                ins, number = outs, number + 1
        m.conv("conv2", ins, 64, 1)
        m.norm("bn2", 64)
        m.linear("linear", 64, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x, number = F.relu(norm(s, "bn1", conv(s, "conv1", x))), 0
        for stage, (_, _, n, stride_of) in enumerate(INVERTED):
            for i in range(n):
                at, stride = f"layers.{number}", stride_of if i == 0 and stage != 1 else 1
                y = F.relu(norm(s, f"{at}.bn1", conv(s, f"{at}.conv1", x)))
                y = F.relu(norm(s, f"{at}.bn2", grouped(s, f"{at}.conv2", y, stride)))
                y = norm(s, f"{at}.bn3", conv(s, f"{at}.conv3", y))
                if f"{at}.shortcut.0.weight" in s:
                    x = norm(s, f"{at}.shortcut.1", conv(s, f"{at}.shortcut.0", x))
                x = x + y if stride == 1 else y
                number += 1
        x = F.avg_pool2d(F.relu(norm(s, "bn2", conv(s, "conv2", x))), 4)
        return linear(s, "linear", x.flatten(1))

    return Reference("cifar_mobilenet_v2", make, logits)


def torchvision_mobilenet(name: str, strides: tuple[int, ...], stem: int, width: int = 8) -> Reference:
    """torchvision's `mobilenet_v2`, ReLU6; strides: of the stages; stem: stride of the first convolution.

    width: the stem's channels; with 4, the first block has as many output as input channels.
    """

    def make(classes: int, channels: int) -> State:
        m, ins, number = Maker(), width, 1
        m.conv("features.0.0", channels, ins, 3)
        m.norm("features.0.1", ins)
        for t, outs, n, _ in INVERTED:
            for _ in range(n):
                at, hidden = f"features.{number}.conv", t * ins
                first = 0 if t == 1 else 1
                if t != 1:
                    m.conv(f"{at}.0.0", ins, hidden, 1)
                    m.norm(f"{at}.0.1", hidden)
                m.conv(f"{at}.{first}.0", 1, hidden, 3)
                m.norm(f"{at}.{first}.1", hidden)
                m.conv(f"{at}.{first + 1}", hidden, outs, 1)
                m.norm(f"{at}.{first + 2}", outs)
                ins, number = outs, number + 1
        m.conv("features.18.0", ins, 64, 1)
        m.norm("features.18.1", 64)
        m.linear("classifier.1", 64, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x, number = F.relu6(norm(s, "features.0.1", conv(s, "features.0.0", x, stem))), 1
        for (t, _, n, _), first_stride in zip(INVERTED, strides, strict=True):
            for i in range(n):
                at, stride = f"features.{number}.conv", first_stride if i == 0 else 1
                first = 0 if t == 1 else 1
                y = x if t == 1 else F.relu6(norm(s, f"{at}.0.1", conv(s, f"{at}.0.0", x)))
                y = F.relu6(norm(s, f"{at}.{first}.1", grouped(s, f"{at}.{first}.0", y, stride)))
                y = norm(s, f"{at}.{first + 2}", conv(s, f"{at}.{first + 1}", y))
                x = x + y if stride == 1 and x.shape == y.shape else y
                number += 1
        x = F.relu6(norm(s, "features.18.1", conv(s, "features.18.0", x)))
        return linear(s, "classifier.1", x.mean(dim=(2, 3)))

    return Reference(name, make, logits)


PAPER, SMALL_IMAGES = (1, 2, 2, 2, 1, 2, 1), (1, 1, 2, 2, 1, 2, 1)
"""Strides of the stages."""
REFERENCES = (cifar_mobilenet(), torchvision_mobilenet("torchvision_mobilenet_v2", PAPER, 2))
VARIANTS = (
    torchvision_mobilenet("torchvision_mobilenet_v2_small_stem", PAPER, 1),
    torchvision_mobilenet("torchvision_mobilenet_v2_small", SMALL_IMAGES, 1),
)
"""Networks with the names and shapes of another one, but another forward pass."""
