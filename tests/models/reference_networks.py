"""Reference versions of published networks: names with shapes, and formulas on a dictionary of tensors.

Nothing here uses the package: names are spelt out as the published code spells them, and logits are computed with
`torch.nn.functional`. Widths are small, so that tests are quick.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

State = dict[str, Tensor]


class Maker:
    """Makes random tensors under the names of layers, from one seed."""

    def __init__(self, seed: int = 0) -> None:
        self.state: State = {}
        self._random = torch.Generator().manual_seed(seed)

    def draw(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._random)

    def conv(self, name: str, ins: int, outs: int, kernel: int, bias: bool = False) -> None:
        self.state[f"{name}.weight"] = self.draw(outs, ins, kernel, kernel) / (ins * kernel * kernel) ** 0.5
        if bias:
            self.state[f"{name}.bias"] = 0.1 * self.draw(outs)

    def linear(self, name: str, ins: int, outs: int) -> None:
        self.state[f"{name}.weight"] = self.draw(outs, ins) / ins**0.5
        self.state[f"{name}.bias"] = 0.1 * self.draw(outs)

    def norm(self, name: str, channels: int) -> None:
        self.state[f"{name}.weight"] = 1 + 0.1 * self.draw(channels)
        self.state[f"{name}.bias"] = 0.1 * self.draw(channels)
        self.state[f"{name}.running_mean"] = 0.1 * self.draw(channels)
        self.state[f"{name}.running_var"] = 1 + 0.1 * self.draw(channels).abs()
        self.state[f"{name}.num_batches_tracked"] = torch.tensor(7)


def norm(s: State, name: str, x: Tensor) -> Tensor:
    mean, var, weight, bias = (s[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, mean, var, weight, bias, training=False)


def conv(s: State, name: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = s[f"{name}.weight"]
    return F.conv2d(x, weight, s.get(f"{name}.bias"), stride, weight.shape[-1] // 2)


def linear(s: State, name: str, x: Tensor) -> Tensor:
    return F.linear(x, s[f"{name}.weight"], s[f"{name}.bias"])


@dataclass(frozen=True)
class Reference:
    """A reference network and the name under which it must be recognised."""

    name: str
    make: Callable[[int, int], State]
    """Classes and input channels to a state."""
    logits: Callable[[State, Tensor], Tensor]


def blocks(depths: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Stage, number and stride of each block: the first of each stage but the first strides."""
    return [(stage, block, 2 if stage and not block else 1) for stage, n in enumerate(depths) for block in range(n)]


def convolutions(ins: int, width: int, outs: int, deep: bool) -> list[tuple[int, int, int]]:
    """Channels in, channels out and kernel of a block's convolutions."""
    return [(ins, width, 1), (width, width, 3), (width, outs, 1)] if deep else [(ins, width, 3), (width, outs, 3)]


def resnet(name: str, depths: tuple[int, ...], deep: bool, big: bool = False) -> Reference:
    """Post-activation; `big`: torchvision's names, stem and pooling."""
    skip, head, kernel = ("downsample", "fc", 7) if big else ("shortcut", "linear", 3)
    stride_of = blocks(depths)

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), 8
        m.conv("conv1", channels, ins, kernel)
        m.norm("bn1", ins)
        for stage, block, stride in stride_of:
            at, width = f"layer{stage + 1}.{block}", 8 * 2**stage
            outs = 4 * width if deep else width
            plan = convolutions(ins, width, outs, deep)
            for i, (a, b, k) in enumerate(plan, 1):
                m.conv(f"{at}.conv{i}", a, b, k)
                m.norm(f"{at}.bn{i}", b)
            if stride != 1 or ins != outs:
                m.conv(f"{at}.{skip}.0", ins, outs, 1)
                m.norm(f"{at}.{skip}.1", outs)
            ins = outs
        m.linear(head, ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = F.relu(norm(s, "bn1", conv(s, "conv1", x, 2 if big else 1)))
        x = F.max_pool2d(x, 3, 2, 1) if big else x
        for stage, block, stride in stride_of:
            at, last = f"layer{stage + 1}.{block}", 3 if deep else 2
            y = x
            for i in range(1, last + 1):
                y = norm(s, f"{at}.bn{i}", conv(s, f"{at}.conv{i}", y, stride if i == last - 1 else 1))
                y = F.relu(y) if i < last else y
            own = f"{at}.{skip}.0.weight" in s
            x = F.relu(y + (norm(s, f"{at}.{skip}.1", conv(s, f"{at}.{skip}.0", x, stride)) if own else x))
        return linear(s, head, x.mean(dim=(2, 3)))

    return Reference(name, make, logits)


def preact(name: str, depths: tuple[int, ...], deep: bool) -> Reference:
    """Pre-activation, with the final batch norm of the birds."""
    stride_of = blocks(depths)

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), 8
        m.conv("conv1", channels, ins, 3)
        for stage, block, stride in stride_of:
            at, width = f"layer{stage + 1}.{block}", 8 * 2**stage
            outs = 4 * width if deep else width
            plan = convolutions(ins, width, outs, deep)
            for i, (a, b, k) in enumerate(plan, 1):
                m.norm(f"{at}.bn{i}", a)
                m.conv(f"{at}.conv{i}", a, b, k)
            if stride != 1 or ins != outs:
                m.conv(f"{at}.shortcut.0", ins, outs, 1)
            ins = outs
        m.norm("bn", ins)
        m.linear("linear", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = conv(s, "conv1", x)
        for stage, block, stride in stride_of:
            at, last = f"layer{stage + 1}.{block}", 3 if deep else 2
            y = first = F.relu(norm(s, f"{at}.bn1", x))
            for i in range(1, last + 1):
                y = y if i == 1 else F.relu(norm(s, f"{at}.bn{i}", y))
                y = conv(s, f"{at}.conv{i}", y, stride if i == last - 1 else 1)
            x = y + (conv(s, f"{at}.shortcut.0", first, stride) if f"{at}.shortcut.0.weight" in s else x)
        return linear(s, "linear", F.relu(norm(s, "bn", x)).mean(dim=(2, 3)))

    return Reference(name, make, logits)


def wide(name: str, depth: int, widen: int, base: int = 16) -> Reference:
    """Wide residual networks as in TRADES; `base` 16 is the published stem."""
    count = (depth - 4) // 6

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), base
        m.conv("conv1", channels, ins, 3)
        for stage in range(1, 4):
            outs = base * widen * 2 ** (stage - 1)
            for i in range(count):
                at = f"block{stage}.layer.{i}"
                m.norm(f"{at}.bn1", ins)
                m.conv(f"{at}.conv1", ins, outs, 3)
                m.norm(f"{at}.bn2", outs)
                m.conv(f"{at}.conv2", outs, outs, 3)
                if ins != outs:
                    m.conv(f"{at}.convShortcut", ins, outs, 1)
                ins = outs
        m.norm("bn1", ins)
        m.linear("fc", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = conv(s, "conv1", x)
        for stage in range(1, 4):
            for i in range(count):
                at, stride = f"block{stage}.layer.{i}", 2 if stage > 1 and i == 0 else 1
                active = F.relu(norm(s, f"{at}.bn1", x))
                y = conv(s, f"{at}.conv1", active, stride)
                y = conv(s, f"{at}.conv2", F.relu(norm(s, f"{at}.bn2", y)))
                x = y + (conv(s, f"{at}.convShortcut", active, stride) if f"{at}.convShortcut.weight" in s else x)
        return linear(s, "fc", F.relu(norm(s, "bn1", x)).mean(dim=(2, 3)))

    return Reference(name, make, logits)


CONVS = (0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40)
"""Positions of VGG-16's convolutions in a flat list: conv, norm, ReLU, and a pooling where two numbers differ by 4."""
FEATURES = (8, 8, 16, 16, 32, 32, 32, 64, 64, 64, 64, 64, 64)


def flat_vgg(name: str, prefix: str, bias: bool, head: str, pool: str) -> Reference:
    """VGG-16 in a flat list; head: `linear`, `three` (HYDRA) or `two` (Li20); pool: the last one."""

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), channels
        for at, outs in zip(CONVS, FEATURES, strict=True):
            m.conv(f"{prefix}.{at}", ins, outs, 3, bias)
            m.norm(f"{prefix}.{at + 1}", outs)
            ins = outs
        if head == "linear":
            m.linear("classifier", ins, classes)
        elif head == "three":
            m.linear("classifier.0", 4 * ins, 12)
            m.linear("classifier.2", 12, 11)
            m.linear("classifier.4", 11, classes)
        else:
            m.linear("classifier.0", ins, 12)
            m.norm("classifier.1", 12)
            m.linear("classifier.3", 12, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        for at in CONVS:
            x = F.max_pool2d(x, 2) if at in (7, 14, 24, 34) else x
            x = F.relu(norm(s, f"{prefix}.{at + 1}", conv(s, f"{prefix}.{at}", x)))
        x = {"max": F.max_pool2d(x, 2), "mean": F.avg_pool2d(x, 2), "none": x}[pool].flatten(1)
        if head == "linear":
            return linear(s, "classifier", x)
        if head == "three":
            return linear(s, "classifier.4", F.relu(linear(s, "classifier.2", F.relu(linear(s, "classifier.0", x)))))
        return linear(s, "classifier.3", F.relu(norm(s, "classifier.1", linear(s, "classifier.0", x))))

    return Reference(name, make, logits)


def pwoa_vgg() -> Reference:
    """PwoA's VGG-16: blocks in five stages, three linear layers."""
    stages = ((8, 8), (16, 16), (32, 32, 32), (64, 64, 64), (64, 64, 64))

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), channels
        for stage, widths in enumerate(stages, 1):
            for i, outs in enumerate(widths):
                m.conv(f"layer{stage}.{i}.0", ins, outs, 3, bias=True)
                m.norm(f"layer{stage}.{i}.1", outs)
                ins = outs
        m.linear("layer6.0", 4 * ins, 12)
        m.linear("layer7.0", 12, 11)
        m.linear("layer8", 11, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        for stage, widths in enumerate(stages, 1):
            for i in range(len(widths)):
                x = F.relu(norm(s, f"layer{stage}.{i}.1", conv(s, f"layer{stage}.{i}.0", x)))
            x = F.max_pool2d(x, 2) if stage < 5 else x
        x = F.relu(linear(s, "layer6.0", x.flatten(1)))
        return linear(s, "layer8", F.relu(linear(s, "layer7.0", x)))

    return Reference("vgg16_pwoa", make, logits)


SHALLOW, DEEP = (2, 2, 2, 2), (3, 4, 6, 3)
REFERENCES = {
    reference.name: reference
    for reference in (
        resnet("cifar_resnet18", SHALLOW, deep=False),
        resnet("cifar_resnet34", DEEP, deep=False),
        resnet("cifar_resnet50", DEEP, deep=True),
        preact("preact_resnet18", SHALLOW, deep=False),
        preact("preact_resnet34", DEEP, deep=False),
        preact("preact_resnet50", DEEP, deep=True),
        resnet("torchvision_resnet18", SHALLOW, deep=False, big=True),
        resnet("torchvision_resnet34", DEEP, deep=False, big=True),
        resnet("torchvision_resnet50", DEEP, deep=True, big=True),
        resnet("torchvision_resnet101", (3, 4, 23, 3), deep=True, big=True),
        wide("wide_resnet_28_4", 28, 2),
        wide("wide_resnet_34_10", 34, 2),
        flat_vgg("vgg16_hydra", "features", bias=False, head="three", pool="none"),
        flat_vgg("vgg16_radmm", "features", bias=True, head="linear", pool="max"),
        flat_vgg("vgg16_twinrep", "features", bias=False, head="linear", pool="max"),
        flat_vgg("vgg16_mad", "feature", bias=False, head="linear", pool="mean"),
        flat_vgg("vgg16_li20", "feature", bias=False, head="two", pool="mean"),
        pwoa_vgg(),
    )
}


def effective_sparsity(state: State) -> float:
    """Zeros over the weights of convolutions and linear layers: those with two dimensions or more."""
    weights = [value for key, value in state.items() if key.endswith("weight") and value.ndim > 1]
    return sum(int((weight == 0).sum()) for weight in weights) / sum(weight.numel() for weight in weights)
