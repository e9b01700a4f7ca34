"""Imports and calls the user's own code and packages, where an option names them; a model file never does."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from thinice_tui.errors import CodeError, UsageError, reason
from thinice_tui.safe_io.paths import expanded


def import_code(where: str, option: str) -> ModuleType:
    """The module of `FILE.py` or `package.module`; option: as typed, for messages.

    Raises UsageError where there is no such module, CodeError where it fails.
    """
    path = expanded(where)
    in_file = where.endswith(".py")
    if in_file and not path.is_file():
        raise UsageError(f"{option}: there is no file {where}", "check the path")
    importable_from(path.resolve().parent if in_file else Path.cwd())  # as `python FILE.py` can import its neighbours
    try:
        return _run_file(path) if in_file else importlib.import_module(where)
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        if not in_file and error.name and f"{where}.".startswith(f"{error.name}."):
            raise UsageError(
                f"{option}: there is no module {error.name}", "check the name, and where you are"
            ) from error
        raise _failed(where, option, error) from error
    except BaseException as error:  # the user's code may raise anything, SystemExit too
        raise _failed(where, option, error) from error


def importable_from(folder: Path) -> None:
    """Let modules of `folder` be imported from now on; it comes last, so that none stands in for another."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def call_factory(
    factory: Callable[..., Any], arguments: Sequence[object], options: Mapping[str, object], option: str
) -> nn.Module:
    """The network that `factory` returns; option: as typed, for messages.

    Raises TypeError where it raises that, else CodeError where it fails or returns anything else.
    """
    try:
        network = factory(*arguments, **options)
    except (KeyboardInterrupt, TypeError):
        raise
    except BaseException as error:  # the user's code may raise anything, SystemExit too
        raise factory_failed(option, error) from error
    if not isinstance(network, nn.Module):
        raise CodeError(
            f"{option}: returned {type(network).__name__}, expected a torch.nn.Module",
            "let the factory return the network",
        )
    return network


def factory_failed(option: str, error: BaseException) -> CodeError:
    """The error for a factory that raised `error`."""
    do = "--debug shows where it failed"
    if isinstance(error, TypeError) and "argument" in str(error):
        do = f"give it its arguments, as in FILE.py:factory(depth=20); {do}"
    return CodeError(f"{option}: the factory failed: {reason(error)}", do)


def _run_file(path: Path) -> ModuleType:
    found = importlib.util.spec_from_file_location(path.stem, path)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules.setdefault(path.stem, module)
    found.loader.exec_module(module)
    return module


def _failed(where: str, option: str, error: BaseException) -> CodeError:
    return CodeError(f"{option}: cannot import {where}: {reason(error)}", "--debug shows where it failed")
