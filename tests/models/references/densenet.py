"""Reference versions of DenseNets; as in `parts`, nothing of the package."""

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.models.references.parts import Maker, Reference, State, conv, linear, norm


def cifar_densenet(name: str, counts: tuple[int, ...], growth: int = 4) -> Reference:
    """kuangliu/pytorch-cifar's `DenseNet`: new channels come first."""

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), 2 * growth
        m.conv("conv1", channels, ins, 3)
        for block, count in enumerate(counts, 1):
            for i in range(count):
                at = f"dense{block}.{i}"
                m.norm(f"{at}.bn1", ins)
                m.conv(f"{at}.conv1", ins, 4 * growth, 1)
                m.norm(f"{at}.bn2", 4 * growth)
                m.conv(f"{at}.conv2", 4 * growth, growth, 3)
                ins += growth
            if block < 4:
                m.norm(f"trans{block}.bn", ins)
                m.conv(f"trans{block}.conv", ins, ins // 2, 1)
                ins //= 2
        m.norm("bn", ins)
        m.linear("linear", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = conv(s, "conv1", x)
        for block, count in enumerate(counts, 1):
            for i in range(count):
                at = f"dense{block}.{i}"
                y = conv(s, f"{at}.conv1", F.relu(norm(s, f"{at}.bn1", x)))
                y = conv(s, f"{at}.conv2", F.relu(norm(s, f"{at}.bn2", y)))
                x = torch.cat([y, x], 1)
            if block < 4:
                x = F.avg_pool2d(conv(s, f"trans{block}.conv", F.relu(norm(s, f"trans{block}.bn", x))), 2)
        return linear(s, "linear", F.avg_pool2d(F.relu(norm(s, "bn", x)), 4).flatten(1))

    return Reference(name, make, logits)


def torchvision_densenet(
    name: str, counts: tuple[int, ...], dot: str = "", kernel: int = 7, pool: bool = True
) -> Reference:
    """torchvision's `DenseNet`: new channels come last; dot: `.` in the files that it downloads (`norm.1`)."""
    growth = 4

    def make(classes: int, channels: int) -> State:
        m, ins = Maker(), 2 * growth
        m.conv("features.conv0", channels, ins, kernel)
        m.norm("features.norm0", ins)
        for block, count in enumerate(counts, 1):
            for i in range(1, count + 1):
                at = f"features.denseblock{block}.denselayer{i}"
                m.norm(f"{at}.norm{dot}1", ins)
                m.conv(f"{at}.conv{dot}1", ins, 4 * growth, 1)
                m.norm(f"{at}.norm{dot}2", 4 * growth)
                m.conv(f"{at}.conv{dot}2", 4 * growth, growth, 3)
                ins += growth
            if block < 4:
                m.norm(f"features.transition{block}.norm", ins)
                m.conv(f"features.transition{block}.conv", ins, ins // 2, 1)
                ins //= 2
        m.norm("features.norm5", ins)
        m.linear("classifier", ins, classes)
        return m.state

    def logits(s: State, x: Tensor) -> Tensor:
        x = F.relu(norm(s, "features.norm0", conv(s, "features.conv0", x, 2 if kernel == 7 else 1)))
        x = F.max_pool2d(x, 3, 2, 1) if pool else x
        for block, count in enumerate(counts, 1):
            features = [x]
            for i in range(1, count + 1):
                at = f"features.denseblock{block}.denselayer{i}"
                y = F.relu(norm(s, f"{at}.norm{dot}1", torch.cat(features, 1)))
                y = F.relu(norm(s, f"{at}.norm{dot}2", conv(s, f"{at}.conv{dot}1", y)))
                features.append(conv(s, f"{at}.conv{dot}2", y))
            x = torch.cat(features, 1)
            if block < 4:
                at = f"features.transition{block}"
                x = F.avg_pool2d(conv(s, f"{at}.conv", F.relu(norm(s, f"{at}.norm", x))), 2)
        return linear(s, "classifier", F.relu(norm(s, "features.norm5", x)).mean(dim=(2, 3)))

    return Reference(name, make, logits)


D121, D161, D169, D201 = (6, 12, 24, 16), (6, 12, 36, 24), (6, 12, 32, 32), (6, 12, 48, 32)
"""Layers of the blocks."""
REFERENCES = (
    cifar_densenet("cifar_densenet121", D121),
    cifar_densenet("cifar_densenet161", D161),
    cifar_densenet("cifar_densenet169", D169),
    cifar_densenet("cifar_densenet201", D201),
    torchvision_densenet("torchvision_densenet121", D121),
    torchvision_densenet("torchvision_densenet161", D161),
    torchvision_densenet("torchvision_densenet169", D169),
    torchvision_densenet("torchvision_densenet201", D201),
    torchvision_densenet("torchvision_densenet121_dotted", D121, dot="."),
    torchvision_densenet("torchvision_densenet121_small", D121, kernel=3, pool=False),
)
VARIANTS = (torchvision_densenet("torchvision_densenet121_small_maxpool", D121, kernel=3),)
"""Networks with the names and shapes of another one, but another forward pass."""
