"""Makes layers in the sizes of a state dict, so that widths, classes and input channels need not be given."""

from collections.abc import Mapping
from copy import copy
from types import MappingProxyType

import torch
from torch import Tensor, nn

Shapes = Mapping[str, tuple[int, ...]]
NOTHING: Shapes = MappingProxyType({})


class _BareConv2d(nn.Conv2d):
    def reset_parameters(self) -> None:
        """Initialise nothing."""


class _BareBatchNorm2d(nn.BatchNorm2d):
    def reset_parameters(self) -> None:
        """Initialise nothing."""


class Layers:
    """Makes a network's layers by name, with the channels that `shapes` has under that name, else the standard ones.

    Kernel, stride and padding are the architecture's. So a network with removed channels is built as it is, and
    without shapes the standard network is built, with `classes` outputs.
    """

    def __init__(self, shapes: Shapes = NOTHING, classes: int = 10) -> None:
        self._shapes, self._prefix = shapes, ""
        self._bare = torch.get_default_device().type == "meta"
        self.classes = classes

    def under(self, name: str) -> "Layers":
        """The maker of the layers inside the module `name`."""
        inner = copy(self)
        inner._prefix = f"{self._prefix}{name}."
        return inner

    def has(self, name: str, otherwise: bool) -> bool:
        """Whether the shapes have `name` or names under it; `otherwise`: the answer where there are no shapes."""
        if not self._shapes:
            return otherwise
        full = self._prefix + name
        return full in self._shapes or any(key.startswith(f"{full}.") for key in self._shapes)

    def conv(
        self, name: str, channels: tuple[int, int], kernel: int, stride: int = 1, padding: int = 0, bias: bool = False
    ) -> nn.Conv2d:
        """A convolution; channels: (in, out) of the standard network."""
        shape = self._shape(name, 4)
        ins, outs = (shape[1], shape[0]) if shape else channels
        return self._conv(ins, outs, kernel, stride, padding, 1, bias)

    def depthwise(self, name: str, channels: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Conv2d:
        """A convolution without a bias of each channel by itself."""
        shape = self._shape(name, 4)
        outs = shape[0] if shape else channels
        return self._conv(outs, outs, kernel, stride, padding, outs, bias=False)

    def _conv(self, ins: int, outs: int, kernel: int, stride: int, padding: int, groups: int, bias: bool) -> nn.Conv2d:
        """On the meta device without the usual initialisation, which has no effect and takes most of the time."""
        kind = _BareConv2d if self._bare else nn.Conv2d
        made = kind(ins, outs, kernel, stride, padding, groups=groups, bias=bias)
        made.__class__ = nn.Conv2d
        return made

    def grouped_conv(
        self, name: str, channels: tuple[int, int], group_width: int, kernel: int, stride: int = 1, padding: int = 0
    ) -> nn.Conv2d:
        """A convolution in groups of `group_width` input channels; channels: (in, out), the inputs of the state.

        Groups of another width in the state are not taken over: its shape then differs from this convolution's.
        """
        shape = self._shape(name, 4)
        ins, outs = channels[0], shape[0] if shape else channels[1]
        groups = max(1, ins // group_width)
        whole = ins % groups == 0 and outs % groups == 0
        return nn.Conv2d(ins, outs, kernel, stride, padding, groups=groups if whole else 1, bias=False)

    def norm(self, name: str, channels: int) -> nn.BatchNorm2d:
        """Batch norm over [N,C,H,W]; without weight and bias where the state has none."""
        shape = self._shapes.get(f"{self._prefix}{name}.running_mean")
        affine = shape is None or f"{self._prefix}{name}.weight" in self._shapes
        kind = _BareBatchNorm2d if self._bare else nn.BatchNorm2d
        made = kind(shape[0] if shape else channels, affine=affine)
        made.__class__ = nn.BatchNorm2d
        return made

    def linear(self, name: str, channels: tuple[int, int], fixed: bool = False) -> nn.Linear:
        """A linear layer; channels: (in, out) of the standard network; fixed: it has that many inputs in any state."""
        shape = self._shape(name, 2)
        ins, outs = (channels[0] if fixed else shape[1], shape[0]) if shape else channels
        return nn.Linear(ins, outs)

    def is_conv(self, name: str) -> bool:
        """Whether the shapes have a convolution's weight under `name`."""
        return self._shape(name, 4) is not None

    def _shape(self, name: str, dimensions: int) -> tuple[int, ...] | None:
        shape = self._shapes.get(f"{self._prefix}{name}.weight")
        return shape if shape is not None and len(shape) == dimensions and 0 not in shape else None


def make_head(layers: Layers, channels: int, *names: str) -> tuple[str, nn.Module]:
    """The name and the module of the last layer; the name is the one of `names` that the state has, else the first.

    The layer is linear, or a 1×1 convolution (hidden networks and robust scratch tickets).
    """
    name = next((name for name in names if layers.has(name, False)), names[0])
    if layers.is_conv(name):
        return name, layers.conv(name, (channels, layers.classes), 1, bias=layers.has(f"{name}.bias", False))
    return name, layers.linear(name, (channels, layers.classes))


def classify(head: nn.Module, features: Tensor) -> Tensor:
    """Features [N,C] to logits [N,classes], by a linear layer or a 1×1 convolution."""
    logits: Tensor = head(features[:, :, None, None]) if isinstance(head, nn.Conv2d) else head(features)
    return logits.flatten(1)
