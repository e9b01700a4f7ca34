"""Networks as users write them, for `--arch tests/models/networks_of_users.py:NAME`, and their formula."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

State = dict[str, Tensor]
FILE = str(Path(__file__))
MEAN, STD = 0.4, 0.25


def small() -> nn.Sequential:
    """Names `0.weight`, `1.weight` …, `5.bias`."""
    layers = (nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
    return nn.Sequential(*layers, nn.Linear(16, 5))


def small_state(seed: int = 0) -> State:
    """Values for `small`, of two convolution filters at zero."""
    random = torch.Generator().manual_seed(seed)
    state = {
        "0.weight": torch.randn(4, 3, 3, 3, generator=random),
        "0.bias": torch.randn(4, generator=random),
        "1.weight": 1 + 0.1 * torch.randn(4, generator=random),
        "1.bias": torch.randn(4, generator=random),
        "1.running_mean": torch.randn(4, generator=random),
        "1.running_var": 1 + torch.rand(4, generator=random),
        "1.num_batches_tracked": torch.tensor(7),
        "5.weight": torch.randn(5, 16, generator=random),
        "5.bias": torch.randn(5, generator=random),
    }
    state["0.weight"][:2] = 0
    return state


def small_logits(state: State, images: Tensor) -> Tensor:
    """The formula of `small`: images [N,3,H,W] to logits [N,5]."""
    x = F.conv2d(images, state["0.weight"], state["0.bias"], padding=1)
    x = (x - state["1.running_mean"].view(1, -1, 1, 1)) / (state["1.running_var"].view(1, -1, 1, 1) + 1e-5).sqrt()
    x = F.relu(x * state["1.weight"].view(1, -1, 1, 1) + state["1.bias"].view(1, -1, 1, 1))
    height, width = x.shape[2] // 2, x.shape[3] // 2
    cells = [x[:, :, i * height : (i + 1) * height, j * width : (j + 1) * width] for i in (0, 1) for j in (0, 1)]
    means = torch.stack([cell.mean(dim=(2, 3)) for cell in cells], dim=2)
    return means.flatten(1) @ state["5.weight"].T + state["5.bias"]


class Inside(nn.Module):
    """The network in an attribute, as wrappers have it."""

    def __init__(self, attribute: str) -> None:
        super().__init__()
        self.attribute = attribute
        self.add_module(attribute, small())

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.get_submodule(self.attribute)(images)
        return logits


def inside(attribute: str) -> Callable[[], nn.Module]:
    return lambda: Inside(attribute)


in_model, in_net, in_network = inside("model"), inside("net"), inside("network")
in_module, in_basic_model, in_backbone = inside("module"), inside("basic_model"), inside("backbone")


class Normalizing(nn.Module):
    """The network behind its own normalisation, whose constants are in its state dict."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.model = small()
        self.register_buffer("mean", torch.full((1, 3, 1, 1), MEAN))
        self.register_buffer("std", torch.full((1, 3, 1, 1), STD))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.model((images - self.mean) / self.std)
        return logits


normalizing = Normalizing


class Tempered(nn.Module):
    """A network that divides its logits by a temperature, and keeps its loss: names that are no one else's."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = small()
        self.temperature = nn.Parameter(torch.ones(1))
        self.criterion = nn.Linear(2, 2)
        self.register_buffer("n_averaged", torch.tensor(0))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.backbone(images) / self.temperature
        return logits


tempered = Tempered


class Tied(nn.Module):
    """Its layers under two names, as `features` and as a part of `model`."""

    def __init__(self) -> None:
        super().__init__()
        layers = small()
        self.features, self.classifier = layers[:5], layers[5]
        self.model = nn.Sequential(self.features, self.classifier)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.model(images)
        return logits


tied = Tied


class Lazy(nn.Module):
    """A network whose last layer takes its size from the state."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = small()
        self.layers[5] = nn.LazyLinear(5)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.layers(images)
        return logits


lazy = Lazy


class Bayesian(nn.Module):
    """A network whose trained parameters have the names of a normalisation's constants."""

    def __init__(self) -> None:
        super().__init__()
        self.model = small()
        self.mean = nn.Parameter(torch.randn(3))
        self.std = nn.Parameter(torch.rand(3))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.model(images * self.std.view(1, -1, 1, 1) + self.mean.view(1, -1, 1, 1))
        return logits


bayesian = Bayesian


class Stubborn(nn.Module):
    """A network that loads in its own way, and fails."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = small()

    def load_state_dict(self, *_: object, **__: object) -> None:
        raise KeyError("version")


stubborn = Stubborn
