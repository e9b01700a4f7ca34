"""Checkpoints of torch.save: scanned without running anything in them, then read by torch.

Without trust, torch reads with `weights_only`: tensors, plain containers, and the harmless classes in ALLOWED.
"""

import argparse
import pickle
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.containers import find_weights
from thinice_tui.models.formats.file_content import FileContent, ReadOptions
from thinice_tui.models.formats.trusted_code import running_code, unloadable
from thinice_tui.safe_io.torch_file import TorchFile, examine_torch_file, unreadable_torch_file

_DTYPES = [type(np.dtype(code)) for code in ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?")]
_SCALAR: Callable[..., Any] = np.float64(0).__reduce__()[0]  # type: ignore[assignment]
ALLOWED: list[tuple[Callable[..., Any], str]] = [
    (argparse.Namespace, "argparse.Namespace"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (np.dtype, "numpy.dtype"),
    *((kind, f"numpy.dtypes.{kind.__name__}") for kind in _DTYPES),
    (OrderedDict, "collections.OrderedDict"),
    (defaultdict, "collections.defaultdict"),
    (dict, "builtins.dict"),
]
"""What may be in a file beside tensors: training scripts save their arguments and NumPy's numbers with the weights."""
TRUST = "--trust-pickle"


def read_torch_file(path: Path, head: bytes, options: ReadOptions) -> FileContent:
    """The weights or the network of a file of torch.save; with `options.trust`, code of the file may run.

    Raises CheckpointError.
    """
    file = examine_torch_file(path, head, CheckpointError)
    content, code_ran = _load(path, file, options)
    return replace(find_weights(content, path, file.form, options), code_ran=code_ran)


def _load(path: Path, file: TorchFile, options: ReadOptions) -> tuple[object, bool]:
    """The content, and whether code of the file ran: only where it is trusted and cannot be loaded without."""
    try:
        return _load_weights(path, file), False
    except CheckpointError:
        if not options.trust:
            raise
    return _load_trusted(path, options), True


def _load_trusted(path: Path, options: ReadOptions) -> object:
    with running_code(path, options):
        try:
            with path.open("rb") as stream:  # not the path: torch would go by its suffix
                return torch.load(stream, map_location="cpu", weights_only=False)
        except Exception as error:  # classes of the file may raise anything
            raise unloadable(path, options, error) from error


def _load_weights(path: Path, file: TorchFile) -> object:
    try:
        with torch.serialization.safe_globals(ALLOWED), path.open("rb") as stream:  # type: ignore[arg-type]
            return torch.load(stream, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen types for damaged files
        refused = file.scan.refused([name for _, name in ALLOWED])
        if not isinstance(error, pickle.UnpicklingError) or not refused:
            raise unreadable_torch_file(path, b"", error, CheckpointError) from error
        raise CheckpointError(
            f"{path}: holds more than tensors, and would have to run code to load ({refused})",
            f"thinice-tui runs no code of a file unless told to: where you trust it, add {TRUST}; or load it "
            "yourself and save the weights alone: torch.save({'state_dict': model.state_dict()}, 'weights.pt')",
        ) from error
