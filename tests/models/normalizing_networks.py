"""Networks of a user that normalise their images themselves, under several names.

Factories for `--arch tests/models/normalizing_networks.py:NAME`, of [3,8,8] images and 5 classes.
"""

import torch
from torch import Tensor, nn

MEAN, STD = (0.48, 0.47, 0.44), (0.25, 0.24, 0.26)


class Normalize(nn.Module):
    """(x − mean) / std, with constants under any names, saved or not."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: str = "mean", std: str = "std", saved: bool = True) -> None:
        super().__init__()
        self.names = mean, std
        for name, values in zip(self.names, (MEAN, STD), strict=True):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=saved)

    def forward(self, x: Tensor) -> Tensor:
        mean, std = (self.get_buffer(name) for name in self.names)
        return (x - mean) / std


def head() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 5))


class Own(Normalize):
    """The constants are the network's own."""

    def __init__(self, mean: str = "mean", std: str = "std", saved: bool = True) -> None:
        super().__init__(mean, std, saved)
        self.head = head()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(super().forward(x))
        return logits


class Listed(nn.Module):
    """The constants are lists, as torchvision's `Normalize` holds them."""

    def __init__(self) -> None:
        super().__init__()
        self.mean, self.std = list(MEAN), list(STD)
        self.head = head()

    def forward(self, x: Tensor) -> Tensor:
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (self.mean, self.std))
        logits: Tensor = self.head((x - mean) / std)
        return logits


class Layered(nn.Module):
    """The constants are in a layer `preprocess`."""

    def __init__(self) -> None:
        super().__init__()
        self.preprocess = Normalize()
        self.head = head()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.preprocess(x))
        return logits


def mu_sigma() -> nn.Module:
    return Own("mu", "sigma")


def normalize_mean() -> nn.Module:
    return Own("normalize_mean", "normalize_std")


def preprocess() -> nn.Module:
    return Layered()


def sequential() -> nn.Module:
    """`0.mean` beside `1.1.weight`."""
    return nn.Sequential(Normalize(), head())


def unsaved() -> nn.Module:
    return Own(saved=False)


def listed() -> nn.Module:
    return Listed()
