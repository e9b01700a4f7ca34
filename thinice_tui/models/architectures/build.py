"""Builds the network for a state dict: by its names and shapes, by a known name, or from the user's own code."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError, UsageError, reason
from thinice_tui.models.architectures.factories import build_from_spec, names_code
from thinice_tui.models.architectures.known import (
    KNOWN,
    Architecture,
    differences,
    nearest,
    recognise,
    used_part,
    variants,
    width_note,
)
from thinice_tui.models.masks.fold import mask_names

PROBE_SIZE = 32
"""Height and width of the image that is passed through a network of unusual widths."""


@dataclass(frozen=True)
class BuiltNetwork:
    """A network without the state's values, and the part of the state that belongs to it.

    The network of a known architecture is on the meta device: the values are assigned to it, not copied.
    """

    name: str
    network: nn.Module
    state: Mapping[str, Tensor]
    notes: tuple[str, ...] = ()
    unusual: bool = False
    """Whether its widths are not the standard ones, so that its layers may not fit one another."""
    code: str = ""
    """The code that builds it, as `--arch` names it; empty: a known architecture, or the file's own."""
    takes_pixels: bool = False
    """Whether no normalisation belongs in front of it, whatever its layers are called."""
    alternatives: tuple["BuiltNetwork", ...] = ()
    """Other known architectures that the state fits as well, where its names and shapes chose this one."""


def build_network(
    spec: str, state: Mapping[str, Tensor], path: str, stored: object = None, sizes: Mapping[str, int] | None = None
) -> BuiltNetwork:
    """A network into which `state` fits; raises CheckpointError, UsageError or CodeError.

    spec: `auto` (by the names and shapes of `state`), a known name, `FILE.py:factory`, `package.module:factory`,
    `timm:NAME` or `robustbench:NAME`. path: the model file, for messages. stored: the checkpoint's name of its
    architecture, for messages; it never names code to run. sizes: num_classes and in_chans, where they are known from
    elsewhere than `state`.
    """
    if names_code(spec):
        with torch.random.fork_rng(devices=[]):  # building draws random weights, which are overwritten
            built = build_from_spec(spec, state, sizes)
        return BuiltNetwork(spec, built.network, built.state, built.notes, code=spec, takes_pixels=built.takes_pixels)
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
    if (differ := differences(known, state)).count:
        raise CheckpointError(f"{path}: does not fit the architecture {known.name}: {differ}", advice(state))
    others = variants(known.name) if spec == "auto" else ()
    return replace(_known(known, state), alternatives=tuple(_known(other, state) for other in others))


def _known(known: Architecture, state: Mapping[str, Tensor]) -> BuiltNetwork:
    """The network of a known architecture that `state` fits."""
    own = used_part(known, state)
    shapes = {key: tuple(value.shape) for key, value in own.items()}
    width = width_note(known, own)
    notes = tuple(
        f"{name}* is left out: its forward pass never reads it" for name in known.unused if len(own) < len(state)
    )
    return BuiltNetwork(f"{known.name} ({width})" if width else known.name, known.make(shapes), own, notes, bool(width))


def check_chain(network: nn.Module, name: str, path: str) -> None:
    """Pass an image through a network of unusual widths; raises CheckpointError where its layers do not fit."""
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    try:
        with torch.no_grad():
            network.eval()(torch.zeros(2, first.in_channels, PROBE_SIZE, PROBE_SIZE))
    except RuntimeError as error:
        raise CheckpointError(
            f"{path}: has the names of {name}, but its layers do not fit one another ({reason(error)})",
            "channels were removed from one layer and not from the next: name the model's own code with "
            "--arch FILE.py:factory",
        ) from error


def _unknown(state: Mapping[str, Tensor], path: str, stored: object) -> CheckpointError:
    """The error for a state that no known architecture fits: the closest one, and how it differs."""
    known, differ = nearest(state)
    named = f"; the file names the architecture {stored!r}, which is not known" if stored else ""
    matched = len(used_part(known, state)) - len(differ.unexpected)
    near = (
        f"the closest is {known.name}, with {differ.count} differences: {differ}"
        if matched > len(state) / 2
        else f"none is close: of its {len(state)} names ({', '.join(list(state)[:3])}, …) {known.name} shares {matched}"
    )
    what = f"{path}: its tensors fit none of the known architectures; {near}{named}"
    if mask_names(list(state)):
        return CheckpointError(what, advice(state))
    return CheckpointError(
        what,
        "name yours with --arch path/to/file.py:factory, a function that returns the torch module; known names: "
        + ", ".join(KNOWN),
    )


def advice(state: Mapping[str, Tensor]) -> str:
    """What to do about a state that does not fit the named architecture."""
    if masks := mask_names(list(state)):
        return f"it holds masks of a method that is not known here ({masks[0]}): fold them in before saving"
    return "name the right one with --arch; a state is never loaded in part, which would leave random weights"
