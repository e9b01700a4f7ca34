"""Architectures from the user's own code and from timm, where --arch names them; a model file never does."""

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from thinice_tui.errors import UsageError, reason
from thinice_tui.safe_io.paths import expanded

TIMM = "timm"


def build_from_spec(spec: str, state: Mapping[str, Tensor], sizes: Mapping[str, int] | None = None) -> nn.Module:
    """The network of `FILE.py:factory`, `package.module:factory` or `timm:NAME`; raises UsageError.

    A factory is given `num_classes` and `in_channels` (or `in_chans`) where it takes them and `sizes`, which are known
    from elsewhere, or `state` tell them.
    """
    where, _, name = spec.rpartition(":")
    given = _sizes(state) | dict(sizes or {})
    if where == TIMM:
        given.pop("in_channels", None)  # timm calls it in_chans
        return _called(spec, _module(TIMM, spec).create_model, (name,), {"pretrained": False, **given})
    factory = getattr(_module(where, spec), name, None)
    if not callable(factory):
        raise UsageError(f"--arch {spec}: {where} has no function {name!r}", "check the name after the colon")
    try:
        taken = inspect.signature(factory).parameters
    except (TypeError, ValueError):  # a class or a builtin without a signature
        taken = {}  # type: ignore[assignment]
    return _called(spec, factory, (), {key: value for key, value in given.items() if key in taken})


def is_own_code(spec: str) -> bool:
    """Whether `spec` names code of the user's own, and neither a known architecture nor timm's."""
    where, colon, _ = spec.rpartition(":")
    return bool(colon) and where != TIMM


def code_sha256(spec: str) -> str:
    """sha256 of the file that a factory is in, so that edited code makes another run; empty: a known name.

    For timm, of its version: its many files change together.
    """
    if ":" not in spec:
        return ""
    where = spec.rpartition(":")[0]
    if where == TIMM:
        return hashlib.sha256(version(TIMM).encode()).hexdigest()
    file = where if where.endswith(".py") else getattr(_module(where, spec), "__file__", None)
    return hashlib.sha256(expanded(file).read_bytes()).hexdigest() if file else ""


def _sizes(state: Mapping[str, Tensor]) -> dict[str, int]:
    """num_classes by the last matrix, in_channels and in_chans by the first convolution."""
    matrices = [value for value in state.values() if value.ndim == 2]
    kernels = [value for value in state.values() if value.ndim == 4]
    sizes = {"num_classes": matrices[-1].shape[0]} if matrices else {}
    return sizes | ({"in_channels": kernels[0].shape[1], "in_chans": kernels[0].shape[1]} if kernels else {})


def _called(spec: str, factory: Callable[..., Any], arguments: tuple[str, ...], options: dict[str, Any]) -> nn.Module:
    try:
        network = factory(*arguments, **options)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the user's code may raise anything, SystemExit too
        raise UsageError(f"--arch {spec}: the factory failed: {reason(error)}") from error
    if not isinstance(network, nn.Module):
        raise UsageError(
            f"--arch {spec}: returned {type(network).__name__}, expected a torch.nn.Module",
            "let the factory return the network",
        )
    return network


def _module(where: str, spec: str) -> ModuleType:
    if where == TIMM:
        try:
            version(TIMM)
        except PackageNotFoundError:
            raise UsageError(f"--arch {spec}: timm is not installed", "pip install 'thinice-tui[timm]'") from None
    path = expanded(where)
    folder = str(path.resolve().parent if where.endswith(".py") else Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)  # so that it can import its neighbours, now and later, as `python FILE.py` can
    try:
        if not where.endswith(".py"):
            return importlib.import_module(where)
        if not path.is_file():
            raise UsageError(f"--arch {spec}: there is no file {where}", "check the path before the colon")
        found = importlib.util.spec_from_file_location(path.stem, path)
        assert found is not None and found.loader is not None
        module = importlib.util.module_from_spec(found)
        sys.modules.setdefault(path.stem, module)
        found.loader.exec_module(module)
        return module
    except (UsageError, KeyboardInterrupt):
        raise
    except BaseException as error:  # the user's code may raise anything, SystemExit too
        raise UsageError(f"--arch {spec}: cannot import {where}: {reason(error)}") from error
