"""Checkpoints of torch.save: scanned without running anything in them, then read by torch.

Without trust, torch reads with `weights_only`: tensors, plain containers, and the harmless classes in ALLOWED.
"""

import argparse
import pickle
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.serialization import SourceChangeWarning

from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.arrays import with_tensors
from thinice_tui.models.formats.blocked_types import explained
from thinice_tui.models.formats.containers import find_weights
from thinice_tui.models.formats.file_content import FileContent, ReadOptions
from thinice_tui.models.formats.torch_pruning import with_plain_state
from thinice_tui.models.formats.trusted_code import running_code, unloadable
from thinice_tui.safe_io.numpy_stand_ins import BUILT, STAND_INS, with_arrays
from thinice_tui.safe_io.torch_file import TorchFile, examine_torch_file, unreadable_torch_file

ALLOWED: list[tuple[Any, str]] = [
    (argparse.Namespace, "argparse.Namespace"),
    *((stand_in, name) for name, stand_in in STAND_INS.items() if name not in ("_codecs.encode",)),
    *((kind, f"stand-in {kind.__name__}") for kind in BUILT),  # no pickle can name these: they get a state
]
"""What may be in a file beside tensors, by full name: training scripts save their arguments, and NumPy's arrays and
numbers, which stand-ins build."""
TRUST = "--trust-pickle"
_TORCHS_REASON = "WeightsUnpickler error: "
"""What torch puts before the reason for which it does not read a pickle."""


def read_torch_file(path: Path, head: bytes, options: ReadOptions) -> FileContent:
    """The weights or the network of a file of torch.save; with `options.trust`, code of the file may run.

    Raises CheckpointError.
    """
    read = torch_content(path, head, options)
    found = find_weights(read.content, path, read.form, options)
    return replace(found, notes=(*read.notes, *found.notes), code_ran=read.code_ran)


@dataclass(frozen=True)
class TorchContent:
    """What torch.save saved."""

    content: object
    form: str
    notes: tuple[str, ...]
    """What was noticed on reading, in words."""
    code_ran: bool
    """Whether code of the file ran."""


def torch_content(path: Path, head: bytes, options: ReadOptions) -> TorchContent:
    """What is in a file of torch.save; raises CheckpointError."""
    file = examine_torch_file(path, head, CheckpointError)
    content, notes, code_ran = _load(path, file, options)
    return TorchContent(with_tensors(with_plain_state(content), path), file.form, notes, code_ran)


def _load(path: Path, file: TorchFile, options: ReadOptions) -> tuple[object, tuple[str, ...], bool]:
    """The content, notes, and whether code of the file ran: only where it is trusted and cannot be loaded without."""
    try:
        return _load_weights(path, file), (), False
    except CheckpointError:
        if not options.trust:
            raise
    return *_load_trusted(path, options), True


def _load_trusted(path: Path, options: ReadOptions) -> tuple[object, tuple[str, ...]]:
    with running_code(path, options):
        try:
            with warnings.catch_warnings(record=True) as caught, path.open("rb") as stream:  # a path: torch goes by it
                warnings.simplefilter("always", SourceChangeWarning)
                content = torch.load(stream, map_location="cpu", weights_only=False)
        except Exception as error:  # classes of the file may raise anything
            raise unloadable(path, options, error) from error
    changed = [str(warning.message) for warning in caught if warning.category is SourceChangeWarning]
    return content, tuple(f"{text.partition(' has changed')[0]} has changed since it was saved" for text in changed)


def _load_weights(path: Path, file: TorchFile) -> object:
    try:
        allowed = torch.serialization.safe_globals(ALLOWED)  # type: ignore[arg-type]
        checked = torch.sparse.check_sparse_tensor_invariants()  # type: ignore[no-untyped-call]
        with warnings.catch_warnings(), allowed, checked, path.open("rb") as stream:
            warnings.simplefilter("ignore")  # of pickle protocols and of sparse layouts; what fails is said below
            return with_arrays(torch.load(stream, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises half a dozen types for damaged files
        raise _unreadable(path, file, error) from error


def _unreadable(path: Path, file: TorchFile, error: Exception) -> CheckpointError:
    """The error for a file that torch does not read without running code of it, or not at all."""
    allowed = [name for _, name in ALLOWED]
    for name in file.scan.others(allowed):
        if known := explained(name):
            return CheckpointError(f"{path}: holds {known[0]} ({name})", known[1])
    blocked = file.scan.refused(allowed)
    if isinstance(error, pickle.UnpicklingError) and blocked:
        return CheckpointError(
            f"{path}: holds more than tensors, and would have to run code to load ({blocked})",
            f"thinice-tui runs no code of a file unless told to: where you trust it, add {TRUST}; or load it "
            "yourself and save the weights alone: torch.save({'state_dict': model.state_dict()}, 'weights.pt')",
        )
    eight_bits = [name for name in file.scan.imports if name.startswith("torch.float8")]
    if eight_bits:
        return CheckpointError(
            f"{path}: holds {eight_bits[0].removeprefix('torch.')} weights, which torch does not read from this format",
            "save them as float32: weight.float() × scale",
        )
    said = pickle.UnpicklingError(str(error).partition(_TORCHS_REASON)[2]) if _TORCHS_REASON in str(error) else error
    unreadable = unreadable_torch_file(path, b"", said, CheckpointError)
    if "Unsupported operand" in str(said):
        return CheckpointError(unreadable.what, "save it with torch.save's own pickle_protocol (2)")
    return CheckpointError(unreadable.what, unreadable.do)
