"""Builds the network for a state dict: by its names and shapes, by a known name, or from the user's own code."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError, UsageError, reason
from thinice_tui.models.architectures.architecture import Architecture
from thinice_tui.models.architectures.factories import build_from_spec, names_code
from thinice_tui.models.architectures.fit import fit_network, left_out
from thinice_tui.models.architectures.known import (
    KNOWN,
    differences,
    known_names,
    used_part,
    variants,
    width_note,
)
from thinice_tui.models.architectures.views import closest, closest_view, recognised
from thinice_tui.models.differences import Differences, some
from thinice_tui.models.masks.fold import mask_names
from thinice_tui.models.names import COUNTER, View, fake_quantised, split

WIDTHS = (
    "channels were removed: save the whole module (torch.save(model)) and load it with --trust-pickle, or give a "
    "factory of these widths with --arch FILE.py:factory"
)
"""What to do about a state with all the names of an architecture, but other shapes."""
PROBE_SIZES = (32, 64, 224)
"""Heights and widths of the images of which one must pass through a network of unusual widths."""


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
    constants: Mapping[str, Tensor] = field(default_factory=dict)
    """A normalisation's in the state, which belongs in front of the network; empty: there is none, or it is inside."""
    code: str = ""
    """The code that builds it, as `--arch` names it; empty: a known architecture, or the file's own."""
    takes_pixels: bool = False
    """Whether no normalisation belongs in front of it, whatever its layers are called."""
    alternatives: tuple["BuiltNetwork", ...] = ()
    """Other known architectures that the state fits as well, where its names and shapes chose this one."""


def build_network(
    spec: str,
    state: Mapping[str, Tensor],
    path: str,
    stored: object = None,
    sizes: Mapping[str, int] | None = None,
    others: bool = False,
) -> BuiltNetwork:
    """A network into which `state` fits; raises CheckpointError, UsageError or CodeError.

    spec: `auto` (by the names and shapes of `state`), a known name, `FILE.py:factory`, `package.module:factory`,
    `timm:NAME` or `robustbench:NAME`. path: the model file, for messages. stored: the checkpoint's name of its
    architecture, for messages; it never names code to run. sizes: num_classes and in_chans, where they are known from
    elsewhere than `state`. others: whether other architectures that the state fits as well come with a known name, as
    they do with `auto`.
    """
    if names_code(spec):
        return _own(spec, state, path, sizes)
    if spec == "auto":
        found = recognised(state)
        if found is None:
            raise _unknown(state, path, stored)
        known, view = found
    elif spec in KNOWN:
        known = KNOWN[spec]
        view, differ = closest_view(known, state)
        if differ.count:
            raise CheckpointError(
                f"{path}: does not fit the architecture {known.name}: {under(view)}{differ}",
                advice(state, differ),
            )
    else:
        raise UsageError(
            f"architecture {spec!r} is not known, expected one of {known_names()}",
            "or name your own with --arch path/to/file.py:factory",
        )
    own = split(view.state).own
    alike = variants(known.name) if others or spec == "auto" else ()
    fitting = [other for other in alike if not differences(other, own).count]
    return replace(_known(known, view), alternatives=tuple(_known(other, view) for other in fitting))


def _own(spec: str, state: Mapping[str, Tensor], path: str, sizes: Mapping[str, int] | None) -> BuiltNetwork:
    """The network of the user's code."""
    with torch.random.fork_rng(devices=[]):  # building draws random weights, which are overwritten
        code = build_from_spec(spec, state, sizes)
    fit = fit_network(code.network, code.state)
    differ = fit.differences
    if code.takes_pixels:  # constants would belong in front of a network that has none
        differ = replace(differ, unexpected=(*differ.unexpected, *fit.constants))
    if differ.count:
        raise CheckpointError(
            f"{path}: does not fit the architecture {spec}: {under(fit.view)}{differ}", advice(state, differ)
        )
    return BuiltNetwork(
        spec,
        code.network,
        fit.state,
        (*code.notes, *fit.notes),
        constants=fit.constants,
        code=spec,
        takes_pixels=code.takes_pixels,
    )


def _known(known: Architecture, view: View) -> BuiltNetwork:
    """The network of a known architecture that the state of `view` fits."""
    parts = split(view.state)
    own = used_part(known, parts.own)
    shapes = {key: tuple(value.shape) for key, value in own.items()}
    width = width_note(known, own)
    notes = [view.note] if view.note else []
    notes += left_out(parts.leftovers)
    unread = known.unused if len(own) < len(parts.own) else ()
    notes += [f"{name}* is left out: its forward pass never reads it" for name in unread]
    name = f"{known.name} ({width})" if width else known.name
    return BuiltNetwork(name, known.make(shapes), own, tuple(notes), bool(width), constants=parts.constants)


def check_chain(network: nn.Module, name: str, path: str) -> None:
    """Pass images through a network of unusual widths; raises CheckpointError where its layers do not fit."""
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    errors: list[RuntimeError] = []
    for size in PROBE_SIZES:
        try:
            with torch.no_grad():
                network.eval()(torch.zeros(2, first.in_channels, size, size))
        except RuntimeError as error:
            errors.append(error)
        else:
            return
    raise CheckpointError(
        f"{path}: has the names of {name}, but its layers do not fit one another ({reason(errors[0])})", WIDTHS
    ) from errors[0]


def _unknown(state: Mapping[str, Tensor], path: str, stored: object) -> CheckpointError:
    """The error for a state that no known architecture fits: the closest one, and how it differs."""
    near = closest(state)
    names = [key for key in split(state).own if not key.endswith(COUNTER)]
    name, prefix = near.architecture.name, near.view.prefix
    if len(near.fitting) > 1:
        said = f"its names under {' and '.join(near.fitting)} are each those of a known architecture ({name})"
    elif near.matched <= len(names) / 2:
        shown = ", ".join(names[:3])
        said = f"none is close: of its {len(names)} names ({shown}, …) {name} shares {near.matched}"
    elif prefix and near.differences.count == len(near.view.outside):
        said = f"its names under {prefix} are those of {name}, but others are left over: {some('', near.view.outside)}"
    else:
        said = f"the closest is {name}{f' under {prefix}' if prefix else ''}, with {near.differences.counted}: "
        said += str(near.differences)
    known = "which is another one" if isinstance(stored, str) and stored in KNOWN else "which is not known"
    named = f"; the file names the architecture {stored!r}, {known}" if stored else ""
    what = f"{path}: its tensors fit none of the known architectures; {said}{named}"
    if len(near.fitting) > 1:
        return CheckpointError(what, f"choose with --key, for example --key {near.fitting[0].removesuffix('.')}")
    if mask_names(list(state)) or fake_quantised(state):
        return CheckpointError(what, advice(state))
    if near.matched > len(names) / 2 and near.differences.only_shapes:
        return CheckpointError(what, WIDTHS)
    do = "name yours with --arch path/to/file.py:factory, a function that returns the torch module"
    if near.matched <= len(names) / 2:
        do += f"; known names: {known_names()}"
    return CheckpointError(what, do)


def under(view: View) -> str:
    """The prefix of the names that are compared, for a message; empty: they are compared as they are."""
    return f"under {view.prefix}, " if view.prefix else ""


def advice(state: Mapping[str, Tensor], differ: Differences | None = None) -> str:
    """What to do about a state that does not fit an architecture; differ: how."""
    if masks := mask_names(list(state)):
        return f"it holds masks of a method that is not known here ({masks[0]}): fold them in before saving"
    if switch := fake_quantised(state):
        return (
            f"it was trained with fake quantisation, which changes its outputs ({switch} is on): save the whole module "
            "(torch.save(model)) and load it with --trust-pickle"
        )
    if differ is not None and differ.only_shapes:
        return WIDTHS
    return "name the right one with --arch; a state is never loaded in part, which would leave random weights"
