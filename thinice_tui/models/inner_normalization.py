"""Constants of a normalisation that a network holds itself, so that none belongs in front of it."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from torch import Tensor, nn

from thinice_tui.models.normalization_names import constant_kind, is_normalization

SIZES = (1, 3)
"""How many numbers a constant has: one for all channels or one for each."""

LARGEST = 1e6
"""Larger numbers are no constants of a normalisation in any unit."""


def inner_constants(network: nn.Module) -> tuple[str, ...]:
    """The names of a normalisation's constants that `network` holds, in its state or beside it.

    Beside it are buffers that are not saved and plain attributes (`self.mean = torch.tensor(…)`, torchvision's
    `Normalize`), where there is both a mean and a standard deviation. Empty: as far as names tell, the network does not
    normalise its input.
    """
    stored = state_constants(network.state_dict())
    if stored:
        return tuple(stored)
    beside = tuple(dict.fromkeys(name for name, value in _beside_state(network) if _is_named_constant(name, value)))
    return beside if {constant_kind(name) for name in beside} == {"mean", "std"} else ()


def state_constants(state: Mapping[str, object]) -> list[str]:
    """The names of a normalisation's constants in a state dict."""
    return [name for name, value in state.items() if _is_named_constant(name, value)]


def is_constant(value: object) -> bool:
    """Whether `value` is one real number or three, alone, in a list, an array or a tensor of any shape."""
    if isinstance(value, Tensor):
        return value.numel() in SIZES and not value.is_complex() and not value.is_quantized
    if isinstance(value, np.ndarray):
        return value.size in SIZES and value.dtype.kind in "fiu"
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return len(value) in SIZES and all(map(_is_number, value))
    return _is_number(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < LARGEST


def _is_named_constant(name: str, value: object) -> bool:
    return is_normalization(name) and is_constant(value)


def _beside_state(network: nn.Module) -> Iterator[tuple[str, object]]:
    """The buffers that are not saved and the attributes of all modules, with the module's name in front."""
    yield from network.named_buffers()
    for layer, module in network.named_modules():
        for attribute, value in vars(module).items():
            yield f"{layer}.{attribute}" if layer else attribute, value
