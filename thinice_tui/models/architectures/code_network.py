"""What code that --arch names gives: a network, and how a state fits into it."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class CodeNetwork:
    """A network with random values, and the state under the network's own names."""

    network: nn.Module
    state: Mapping[str, Tensor]
    takes_pixels: bool = False
    """Whether it is known to take images in [0,1], so that no normalisation belongs in front of it."""
    notes: tuple[str, ...] = ()
