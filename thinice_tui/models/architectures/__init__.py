"""Architectures by name, by the names and shapes of a state dict, or from the user's own code."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError, UsageError, reason
from thinice_tui.models.architectures.factories import build_from_spec, code_sha256
from thinice_tui.models.architectures.known import KNOWN, differences, nearest, recognise, sizes, used
from thinice_tui.models.masks import mask_names

__all__ = ["KNOWN", "Built", "advice", "build_network", "check_chain", "code_sha256"]


PROBE = 32
"""Pixels a side of the image that unusual widths are tried on."""


@dataclass(frozen=True)
class Built:
    """A network without the state's values yet, and what of the state belongs to it.

    A known architecture's network is on the meta device: the values are to be assigned, not copied.
    """

    name: str
    network: nn.Module
    state: Mapping[str, Tensor]
    notes: tuple[str, ...] = ()
    unusual: bool = False
    """Whether its widths are not the standard ones, so that layers might not fit one another."""


def build_network(spec: str, state: Mapping[str, Tensor], path: str, stored: object = None) -> Built:
    """A network fit for `state`.

    `spec`: `auto` (by the names and shapes of `state`), a known name, `FILE.py:factory`,
    `package.module:factory` or `timm:NAME`. `stored`: what the checkpoint calls its architecture, for the
    message; it never names code to run. Raises CheckpointError or UsageError.
    """
    if ":" in spec:
        with torch.random.fork_rng(devices=[]):  # building draws random weights, all of them overwritten
            return Built(spec, build_from_spec(spec, state), state)
    if spec == "auto":
        known = recognise(state)
        if known is None:
            raise _unknown(state, path, stored)
    elif spec in KNOWN:
        known = KNOWN[spec]
    else:
        raise UsageError(
            f"architecture {spec!r} is not known, expected one of {', '.join(KNOWN)}",
            "or name your own with --arch path/to/file.py:factory",
        )
    own = used(known, state)
    if (differ := differences(known, state)).count:
        raise CheckpointError(f"{path}: does not fit the architecture {known.name}: {differ}", advice(state))
    shapes = {key: tuple(value.shape) for key, value in own.items()}
    width = sizes(known, own)
    notes = tuple(f"{name}* is never used by it and left out" for name in known.unused if len(own) < len(state))
    return Built(f"{known.name} ({width})" if width else known.name, known.make(shapes), own, notes, bool(width))


def check_chain(network: nn.Module, name: str, path: str) -> None:
    """Pass an image through a known architecture of unusual widths; raises CheckpointError where layers do not fit."""
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(2, first.in_channels, PROBE, PROBE))
    except RuntimeError as error:
        raise CheckpointError(
            f"{path}: has the names of {name}, but its layers do not follow from one another ({reason(error)})",
            "channels were removed from one layer and not from the next: name its own code with --arch FILE.py:factory",
        ) from error


def _unknown(state: Mapping[str, Tensor], path: str, stored: object) -> CheckpointError:
    """Which known architecture is closest, and by what it is missed."""
    known, differ = nearest(state)
    named = f"; it calls its own {stored!r}, which is no known name" if stored else ""
    matched = len(used(known, state)) - len(differ.unexpected)
    near = (
        f"the closest is {known.name}, which differs in {differ.count}: {differ}"
        if matched > len(state) / 2
        else f"none is close: of its {len(state)} names ({', '.join(list(state)[:3])}, …) {known.name} shares {matched}"
    )
    what = f"{path}: its tensors fit none of the known architectures; {near}{named}"
    if mask_names(list(state)):
        return CheckpointError(what, advice(state))
    return CheckpointError(
        what,
        "name yours with --arch path/to/file.py:factory, a function that returns the torch module. Known are "
        + ", ".join(KNOWN),
    )


def advice(state: Mapping[str, Tensor]) -> str:
    """What to do with a state that does not fit the architecture that was named."""
    if masks := mask_names(list(state)):
        return f"it holds masks of a method that is not known here ({masks[0]}): fold them in before saving"
    return "name the right one with --arch; nothing is loaded in part, a half-random network would be judged"
