"""Architectures by name, by the shape of a state dict, or from the user's own code."""

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError, UsageError
from thinice_tui.models.architectures.cifar_resnet18 import CifarResNet18
from thinice_tui.models.architectures.preact_resnet8 import PreActResNet8


@dataclass(frozen=True)
class Architecture:
    """A network that this package can build: its factory takes the number of classes."""

    name: str
    build: Callable[[int], nn.Module]
    classifier: str
    """The key of the last layer's weight, whose first dimension is the number of classes."""


KNOWN = {
    known.name: known
    for known in (
        Architecture("preact_resnet8", PreActResNet8, "fc.weight"),
        Architecture("cifar_resnet18", CifarResNet18, "linear.weight"),
    )
}


def build_network(spec: str, state: Mapping[str, Tensor], path: str, stored: object = None) -> tuple[str, nn.Module]:
    """The architecture's name and a network of it, with random weights, fit for `state`.

    `spec`: `auto` (by the keys and shapes of `state`), a known name, `FILE.py:factory` or
    `package.module:factory`. `stored`: what the checkpoint calls its architecture, for the message; it
    never names code to run. Raises CheckpointError or UsageError.
    """
    if ":" in spec:
        return spec, _from_factory(spec, state)
    if spec == "auto":
        found = [a for a in KNOWN.values() if _fits(a, state)]
        if not found:
            named = f"; it calls its own {stored!r}, which is no known name" if stored else ""
            raise CheckpointError(
                f"{path}: its tensors fit none of the known architectures ({', '.join(KNOWN)}){named}",
                "name yours with --arch path/to/file.py:factory, a function that returns the torch module",
            )
        return found[0].name, found[0].build(_num_classes(found[0], state))
    if spec not in KNOWN:
        raise UsageError(
            f"architecture {spec!r} is not known, expected one of {', '.join(KNOWN)}",
            "or name your own with --arch path/to/file.py:factory",
        )
    known = KNOWN[spec]
    return known.name, known.build(_num_classes(known, state))


def _num_classes(architecture: Architecture, state: Mapping[str, Tensor]) -> int:
    weight = state.get(architecture.classifier)
    return weight.shape[0] if weight is not None and weight.ndim > 0 else 10


def _fits(architecture: Architecture, state: Mapping[str, Tensor]) -> bool:
    with torch.device("meta"):
        expected = architecture.build(_num_classes(architecture, state)).state_dict()
    return expected.keys() == state.keys() and all(expected[k].shape == state[k].shape for k in expected)


def _from_factory(spec: str, state: Mapping[str, Tensor]) -> nn.Module:
    """Call the user's own factory; with `num_classes` if it takes that and the last weight tells it."""
    where, _, name = spec.rpartition(":")
    factory = getattr(_module(where, spec), name, None)
    if not callable(factory):
        raise UsageError(f"--arch {spec}: {where} has no function {name!r}")
    arguments = {}
    matrices = [value for value in state.values() if value.ndim == 2]
    if matrices and "num_classes" in inspect.signature(factory).parameters:
        arguments["num_classes"] = matrices[-1].shape[0]
    try:
        network = factory(**arguments)
    except Exception as error:
        raise UsageError(f"--arch {spec}: the factory failed: {type(error).__name__}: {error}") from error
    if not isinstance(network, nn.Module):
        raise UsageError(f"--arch {spec}: returned {type(network).__name__}, expected a torch.nn.Module")
    return network


def code_sha256(spec: str) -> str:
    """sha256 of the file that a factory came from, so that edited code is another run; empty: a known name."""
    if ":" not in spec:
        return ""
    where = spec.rpartition(":")[0]
    file = where if where.endswith(".py") else getattr(_module(where, spec), "__file__", None)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""


def _module(where: str, spec: str) -> ModuleType:
    folder = str(Path(where).resolve().parent if where.endswith(".py") else Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)  # the code's own neighbours, as `python FILE.py` would find them; also later
    try:
        if not where.endswith(".py"):
            return importlib.import_module(where)
        path = Path(where)
        if not path.is_file():
            raise UsageError(f"--arch {spec}: there is no file {where}")
        found = importlib.util.spec_from_file_location(path.stem, path)
        assert found is not None and found.loader is not None
        module = importlib.util.module_from_spec(found)
        sys.modules.setdefault(path.stem, module)
        found.loader.exec_module(module)
        return module
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"--arch {spec}: cannot import {where}: {type(error).__name__}: {error}") from error
