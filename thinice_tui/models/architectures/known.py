"""The known architectures, one row each, and how a state dict differs from them."""

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
from thinice_tui.models.differences import Differences, compare

WIDE_STEM = 16
"""Channels of the first layer of a wide residual network, at any width."""


@dataclass(frozen=True)
class Architecture:
    """A network that can be built in the sizes of a state dict."""

    name: str
    build: Callable[[Layers], nn.Module]
    key: str
    """A name that every state of it has, so that most architectures are ruled out at once."""
    unused: tuple[str, ...] = ()
    """Prefixes of names in published states that the forward pass never reads."""
    variant_of: str = ""
    """The architecture with the same names and shapes, but another forward pass; a state cannot tell the two apart."""

    def make(self, shapes: Shapes = NOTHING, classes: int = 10) -> nn.Module:
        """A network without values, on the meta device; shapes: of a state dict, or empty for the standard sizes."""
        with torch.device("meta"):
            return self.build(Layers(shapes, classes))

    def random(self, classes: int = 10) -> nn.Module:
        """The standard network with random weights."""
        return self.build(Layers(classes=classes))


_DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
_WIDE = ((28, 4), (28, 10), (34, 10))


def _resnets(depth: int) -> list[Architecture]:
    """The three residual networks of one depth."""
    counts, deep = _DEPTHS[depth], depth >= 50
    block, preact_block = (Bottleneck, PreActBottleneck) if deep else (BasicBlock, PreActBasicBlock)
    key = f"layer3.{counts[2] - 1}.conv{3 if deep else 2}.weight"
    return [
        Architecture(f"cifar_resnet{depth}", lambda layers: CifarResNet(layers, block, counts), key),
        Architecture(f"preact_resnet{depth}", lambda layers: PreActResNet(layers, preact_block, counts), key),
        Architecture(f"torchvision_resnet{depth}", lambda layers: TorchvisionResNet(layers, block, counts), key),
    ]


def _wide(depth: int, widen: int) -> Architecture:
    key = f"block3.layer.{(depth - 4) // 6 - 1}.conv2.weight"
    build = lambda layers: WideResNet(layers, depth, widen)  # noqa: E731
    return Architecture(f"wide_resnet_{depth}_{widen}", build, key, ("sub_block1.",))


KNOWN = {
    known.name: known
    for known in (
        Architecture("preact_resnet8", PreActResNet8, "stem.weight"),
        *(known for depth in _DEPTHS for known in _resnets(depth)),
        *(_wide(depth, widen) for depth, widen in _WIDE),
        *(Architecture(name, build, key) for name, (build, key) in VARIANTS.items()),
    )
}


def used_part(architecture: Architecture, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state without the tensors that the architecture never reads."""
    return {key: value for key, value in state.items() if not key.startswith(architecture.unused or ("\0",))}


def differences(architecture: Architecture, state: Mapping[str, Tensor]) -> Differences:
    """The differences between `state` and `architecture`; count 0: it can be loaded."""
    own = used_part(architecture, state)
    shapes = {key: tuple(value.shape) for key, value in own.items()}
    network = architecture.make(shapes)
    return compare({key: tuple(value.shape) for key, value in network.state_dict().items()}, shapes)


def recognise(state: Mapping[str, Tensor]) -> Architecture | None:
    """The architecture that `state` fits exactly; of several, the one whose standard widths are closest. None: none."""
    fitting = [
        known
        for known in KNOWN.values()
        if not known.variant_of and known.key in state and differences(known, state).count == 0
    ]
    return min(fitting, key=lambda architecture: _distance(architecture, state), default=None)


def variants(name: str) -> tuple[Architecture, ...]:
    """The architectures that no state tells apart from the one of this name; empty: there are none."""
    return tuple(known for known in KNOWN.values() if known.variant_of == name)


def _distance(architecture: Architecture, state: Mapping[str, Tensor]) -> float:
    """The sum of the relative differences of the tensors' sizes from the standard ones."""
    standard = architecture.make().state_dict()
    pairs = [(value.numel(), int(standard[key].numel())) for key, value in state.items() if key in standard]
    return sum(abs(found - usual) / usual for found, usual in pairs)


def nearest(state: Mapping[str, Tensor]) -> tuple[Architecture, Differences]:
    """The architecture with the fewest differences from `state`, and the differences."""
    found = [(known, differences(known, state)) for known in KNOWN.values() if not known.variant_of]
    return min(found, key=lambda item: (item[1].count, _distance(item[0], state)))


def width_note(architecture: Architecture, state: Mapping[str, Tensor]) -> str:
    """How the state's hidden widths differ from the standard ones, in words; empty: not at all.

    Classes and input channels do not count, nor does the stem of a wide network, which has 16 channels at any width.
    """
    standard = architecture.make().state_dict()
    widths = [(value.shape[0], standard[key].shape[0]) for key, value in state.items() if key.endswith("running_mean")]
    ratios = {found / usual for found, usual in widths if (found, usual) != (WIDE_STEM, WIDE_STEM)}
    if ratios <= {1.0}:
        return ""
    return f"{ratios.pop():g} × its width" if len(ratios) == 1 else "channels removed"
