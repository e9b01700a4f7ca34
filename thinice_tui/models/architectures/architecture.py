"""A known architecture: its name, how it is built, and which names a state of it has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.models.architectures.layers import NOTHING, Layers, Shapes


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
    marks: tuple[str, ...] = ()
    """More names that every state of it has."""
    absent: tuple[str, ...] = ()
    """Names that no state of it has: those of a deeper network, or of another kind of block."""
    kernel: tuple[str, int] | None = None
    """The name of a convolution's weight and its height, where architectures with the same names have another."""

    def may_fit(self, state: Mapping[str, Tensor]) -> bool:
        """Whether what tells it from others is as in `state`: much quicker than to build it."""
        if not all(name in state for name in (self.key, *self.marks)) or any(name in state for name in self.absent):
            return False
        if self.kernel is None:
            return True
        name, height = self.kernel
        return name in state and tuple(state[name].shape[2:3]) == (height,)

    def make(self, shapes: Shapes = NOTHING, classes: int = 10) -> nn.Module:
        """A network without values, on the meta device; shapes: of a state dict, or empty for the standard sizes."""
        with torch.device("meta"):
            return self.build(Layers(shapes, classes))

    def random(self, classes: int = 10) -> nn.Module:
        """The standard network with random weights."""
        return self.build(Layers(classes=classes))
