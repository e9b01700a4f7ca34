"""The architectures that are recognised by the names and shapes of a state dict, and how far one is from each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.models.architectures.layers import NOTHING, Layers, Shapes
from thinice_tui.models.architectures.preact_resnet import PreActBasicBlock, PreActBottleneck, PreActResNet
from thinice_tui.models.architectures.preact_resnet8 import PreActResNet8
from thinice_tui.models.architectures.resnet import BasicBlock, Bottleneck, CifarResNet, TorchvisionResNet
from thinice_tui.models.architectures.vgg import VARIANTS
from thinice_tui.models.architectures.wide_resnet import WideResNet

COUNTER = "num_batches_tracked"
"""Counters of batch norm that old torch did not save, and that evaluation never reads."""
NAMED = 3
"""Names of each kind that a message shows."""
STEM = 16
"""Channels of a wide network's first layer, at any width."""


@dataclass(frozen=True)
class Architecture:
    """A network that this package can build, in the sizes that a state dict has."""

    name: str
    build: Callable[[Layers], nn.Module]
    mark: str
    """A name that every state of it has, so that most others need not be looked at."""
    unused: tuple[str, ...] = ()
    """What published states hold beside it and its forward pass never reads: how such names begin."""

    def make(self, shapes: Shapes = NOTHING, classes: int = 10) -> nn.Module:
        """A network without values (on the meta device), as `shapes` say or the standard one."""
        with torch.device("meta"):
            return self.build(Layers(shapes, classes))

    def random(self, classes: int = 10) -> nn.Module:
        """The standard network with random weights."""
        return self.build(Layers(classes=classes))


_DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
_WIDE = ((28, 4), (28, 10), (34, 10))


def _resnets(depth: int) -> list[Architecture]:
    """The three kinds of residual network of one depth."""
    counts, deep = _DEPTHS[depth], depth >= 50
    block, preact_block = (Bottleneck, PreActBottleneck) if deep else (BasicBlock, PreActBasicBlock)
    mark = f"layer3.{counts[2] - 1}.conv{3 if deep else 2}.weight"
    return [
        Architecture(f"cifar_resnet{depth}", lambda layers: CifarResNet(layers, block, counts), mark),
        Architecture(f"preact_resnet{depth}", lambda layers: PreActResNet(layers, preact_block, counts), mark),
        Architecture(f"torchvision_resnet{depth}", lambda layers: TorchvisionResNet(layers, block, counts), mark),
    ]


def _wide(depth: int, widen: int) -> Architecture:
    mark = f"block3.layer.{(depth - 4) // 6 - 1}.conv2.weight"
    build = lambda layers: WideResNet(layers, depth, widen)  # noqa: E731
    return Architecture(f"wide_resnet_{depth}_{widen}", build, mark, ("sub_block1.",))


KNOWN = {
    known.name: known
    for known in (
        Architecture("preact_resnet8", PreActResNet8, "stem.weight"),
        *(known for depth in _DEPTHS for known in _resnets(depth)),
        *(_wide(depth, widen) for depth, widen in _WIDE),
        *(Architecture(name, build, mark) for name, (build, mark) in VARIANTS.items()),
    )
}


@dataclass(frozen=True)
class Differences:
    """How a state differs from an architecture in the sizes that it has itself."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    shapes: tuple[str, ...]
    """`NAME is SHAPE, expected SHAPE`."""

    @property
    def count(self) -> int:
        return len(self.missing) + len(self.unexpected) + len(self.shapes)

    def __str__(self) -> str:
        parts = [_some("missing", self.missing), _some("unexpected", self.unexpected), _some("", self.shapes)]
        return "; ".join(part for part in parts if part)


def _some(what: str, items: tuple[str, ...]) -> str:
    if not items:
        return ""
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return f"{what} {', '.join(items[:NAMED])}{more}".strip()


def used(architecture: Architecture, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state without what the architecture never reads."""
    return {key: value for key, value in state.items() if not key.startswith(architecture.unused or ("\0",))}


def differences(architecture: Architecture, state: Mapping[str, Tensor]) -> Differences:
    """What keeps `state` from being loaded into `architecture`; count 0: nothing."""
    own = used(architecture, state)
    shapes = {key: tuple(value.shape) for key, value in own.items()}
    network = architecture.make(shapes)
    expected = {key: tuple(value.shape) for key, value in network.state_dict().items() if not key.endswith(COUNTER)}
    found = {key: shape for key, shape in shapes.items() if not key.endswith(COUNTER)}
    shaped = tuple(
        f"{key} is {_shape(found[key])}, expected {_shape(expected[key])}"
        for key in expected
        if key in found and found[key] != expected[key]
    )
    missing = tuple(key for key in expected if key not in found)
    return Differences(missing, tuple(key for key in found if key not in expected), shaped)


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a number"


def recognise(state: Mapping[str, Tensor]) -> Architecture | None:
    """The architecture of exactly these names and shapes, of those that fit the one with these widths by default."""
    fitting = [known for known in KNOWN.values() if known.mark in state and differences(known, state).count == 0]
    return min(fitting, key=lambda architecture: _distance(architecture, state), default=None)


def _distance(architecture: Architecture, state: Mapping[str, Tensor]) -> float:
    """How far the widths of the state are from the standard ones, as a sum of relative differences."""
    standard = architecture.make().state_dict()
    pairs = [(value.numel(), int(standard[key].numel())) for key, value in state.items() if key in standard]
    return sum(abs(found - usual) / usual for found, usual in pairs)


def nearest(state: Mapping[str, Tensor]) -> tuple[Architecture, Differences]:
    """The architecture with the fewest differences, and these."""
    found = [(architecture, differences(architecture, state)) for architecture in KNOWN.values()]
    return min(found, key=lambda item: (item[1].count, _distance(item[0], state)))


def sizes(architecture: Architecture, state: Mapping[str, Tensor]) -> str:
    """How the state's widths differ from the standard ones, in words; empty: not at all.

    Classes and input channels are no matter of width: only hidden channels count, and not the stem of a wide network,
    which has 16 at any width.
    """
    standard = architecture.make().state_dict()
    widths = [(value.shape[0], standard[key].shape[0]) for key, value in state.items() if key.endswith("running_mean")]
    ratios = {found / usual for found, usual in widths if (found, usual) != (STEM, STEM)}
    if ratios <= {1.0}:
        return ""
    return f"{ratios.pop():g} × its width" if len(ratios) == 1 else "channels removed"
