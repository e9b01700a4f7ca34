"""Networks of RobustBench's model zoo by their names, for files of the user's own; nothing is downloaded.

robustbench is never a dependency: it pins timm and imports torchvision. Its table of entries is
`robustbench.model_zoo.model_dicts`, by data set, threat model and name; an entry's `model` builds its network.
"""

import importlib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from torch import Tensor

from thinice_tui.errors import CodeError, UsageError, reason
from thinice_tui.models.architectures.code_network import CodeNetwork
from thinice_tui.models.architectures.fit import fit_network
from thinice_tui.models.architectures.offline import REFUSED, no_connections
from thinice_tui.models.user_code import call_factory, factory_failed
from thinice_tui.protocol.arch_spec import ROBUSTBENCH, ArchSpec

ZOO_KEYS = ("last",)
"""Where the zoo's own loader looks first, in files that hold `last` and `best` weights."""
DEFAULT = ("cifar10", "Linf")
CONSTANTS = ("mean", "std", "mu", "sigma")
"""Names of the buffers in which the zoo's networks keep their normalisation; many published files lack them."""


def build_robustbench(spec: ArchSpec, option: str, state: Mapping[str, Tensor]) -> CodeNetwork:
    """The network `robustbench:NAME` or `robustbench:DATASET/THREAT/NAME`, and the state under its names.

    option: as typed, for messages. Raises UsageError, or CodeError where robustbench is absent or fails.
    """
    if spec.arguments or spec.options:
        raise UsageError(f"{option}: robustbench's entries take no literals", "leave the parentheses out")
    with no_connections():
        try:
            network = call_factory(_entry(spec.name, option), (), {}, option)
        except TypeError as error:
            raise factory_failed(option, error) from error
        except CodeError as error:
            if REFUSED not in error.what:
                raise
            raise CodeError(
                f"{option}: robustbench would download weights to build this network, and {REFUSED}",
                "let robustbench load it once, and save the network's state dict and a factory of your own",
            ) from error
    view, own = fit_network(network, state).view, network.state_dict()
    named = view.state
    constants = {
        name: own[name]
        for name, _ in network.named_buffers()
        if name in own and name not in named and name.rpartition(".")[2] in CONSTANTS
    }
    notes = [view.note] if view.note else []
    if constants:
        notes.append(f"normalisation of robustbench's entry, which the file lacks: {', '.join(constants)}")
    return CodeNetwork(network, {**constants, **named}, True, tuple(notes))


def _entry(text: str, option: str) -> Callable[[], Any]:
    """What builds the network of the entry."""
    parts = text.split("/")
    if len(parts) not in (1, 3):
        raise UsageError(
            f"{option}: expected a name, or a data set, a threat model and a name",
            "as robustbench:Engstrom2019Robustness or robustbench:cifar100/Linf/Rice2020Overfitting",
        )
    *places, name = parts if len(parts) == 3 else (*DEFAULT, *parts)
    entries: Mapping[Any, Any] = _model_dicts(option)
    for place in places:
        known = {str(getattr(key, "value", key)): value for key, value in entries.items()}  # its keys are enumerations
        if place not in known:
            raise UsageError(f"{option}: robustbench has no {place!r}", f"expected one of {', '.join(known)}")
        entries = known[place]
    if name not in entries:
        near = get_close_matches(name, entries, n=3) or list(entries)[:3]
        raise UsageError(
            f"{option}: robustbench has no entry {name!r} for {' and '.join(places)}",
            f"expected another name, such as {', '.join(near)}",
        )
    build: Callable[[], Any] = entries[name]["model"]
    return build


def _model_dicts(option: str) -> Mapping[Any, Any]:
    try:
        found: Mapping[Any, Any] = importlib.import_module(f"{ROBUSTBENCH}.model_zoo").model_dicts
    except Exception as error:  # it imports torchvision, which raises RuntimeError where it is for another torch
        raise CodeError(
            f"{option}: robustbench cannot be imported ({reason(error)})",
            "pip install git+https://github.com/RobustBench/robustbench.git 'setuptools<81', and the torchvision that "
            "belongs to the torch that is installed",
        ) from error
    return found
