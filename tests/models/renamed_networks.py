"""One network of three linear layers under several names; factories for `--arch tests/models/renamed_networks.py`."""

from torch import Tensor, nn

SIZES = {"first": (192, 40), "second": (40, 40), "last": (40, 4)}


class Named(nn.Module):
    """Defines its layers in the given order, and runs them as first, second, last."""

    def __init__(self, order: list[str]) -> None:
        super().__init__()
        for name in order:
            self.add_module(name, nn.Linear(*SIZES[name], bias=False))

    def forward(self, x: Tensor) -> Tensor:
        first, second, last = (self.get_submodule(name) for name in SIZES)
        logits: Tensor = last(second(first(x.flatten(1)).relu()).relu())
        return logits


def renamed() -> nn.Module:
    return Named(list(SIZES))


def backwards() -> nn.Module:
    return Named(list(reversed(SIZES)))


def plain() -> nn.Module:
    first, second, last = (nn.Linear(*size, bias=False) for size in SIZES.values())
    return nn.Sequential(nn.Flatten(), first, nn.ReLU(), second, nn.ReLU(), last)
