"""Files of torch.save: looked through without running anything in them, then read.

Without trust, torch reads with `weights_only`: tensors, plain containers, and the few harmless classes in ALLOWED. What
a file imports and how many bytes it claims is known before that, from `pickles`.
"""

import argparse
import io
import pickle
import zipfile
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from thinice_tui.errors import CheckpointError, reason
from thinice_tui.safe_io.file_kind import kind
from thinice_tui.safe_io.pickle_scan import Scan, scan_pickle

Form = Literal["torch", "torch legacy", "TorchScript", "torch.export"]
SCANNED = 256 * 2**20
"""Bytes that are looked through for pickles: tensors lie outside of them, and names take far fewer."""
SLACK = 16 * 2**20
"""Bytes that a zip archive may claim beyond its size: TorchScript compresses its code."""
LEGACY_PICKLES = 4
"""Before the storages of a file from before torch 1.6: magic number, protocol, system, and the content."""
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
"""What else than tensors may be in a file: training scripts save their arguments and NumPy's numbers beside them."""
TRUST = "--trust-pickle"
_AGAIN = "expected a file written by torch.save or safetensors; copy it again if it was cut short"


@dataclass(frozen=True)
class Envelope:
    """What a file is, before it is read."""

    form: Form
    scan: Scan


def examine(path: Path, head: bytes) -> Envelope:
    """What a file of torch.save is and names; raises CheckpointError for what is none, cut short or made up."""
    try:
        if head.startswith(b"PK\x03\x04"):
            return _examine_zip(path)
        return _examine_legacy(path, head)
    except (pickle.UnpicklingError, zipfile.BadZipFile, KeyError, NotImplementedError, OSError) as error:
        raise _unreadable(path, head, error) from error


def _examine_zip(path: Path) -> Envelope:
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        claimed = sum(entry.file_size for entry in entries)
        if claimed > size + SLACK:  # torch compresses no numbers, so that they are as large as what they become
            raise CheckpointError(
                f"{path}: claims {claimed:,} bytes in a file of {size:,}: it is compressed, or made to fill the memory",
                "expected a file as torch.save writes it; unpack and save it again if you made it smaller yourself",
            )
        names = {name.partition("/")[2]: name for name in archive.namelist()}
        if "constants.pkl" in names or any(name.startswith("code/") for name in names):
            return Envelope("TorchScript", Scan((), ()))
        if "archive_format" in names or "serialized_exported_program.json" in archive.namelist():
            return Envelope("torch.export", Scan((), ()))
        if "data.pkl" not in names:
            raise pickle.UnpicklingError("a zip archive without data.pkl")
        scan = scan_pickle(io.BytesIO(archive.read(names["data.pkl"])))
        sizes = {entry.filename.rpartition("/")[2]: entry.file_size for entry in entries if "/data/" in entry.filename}
        for storage in scan.storages:
            there = sizes.get(storage.key, 0)
            if storage.claimed > there:
                raise _claims(path, storage.claimed, there)
    return Envelope("torch", scan)


def _examine_legacy(path: Path, head: bytes) -> Envelope:
    if head[257:262] == b"ustar":
        raise CheckpointError(
            f"{path}: is a tar archive, as torch wrote them before 2017",
            "load it there, and save it again with torch.save",
        )
    size = path.stat().st_size
    with path.open("rb") as stream:
        content = io.BytesIO(stream.read(SCANNED))
    scans = [scan_pickle(content)]
    if scans[0].imports:
        return _not_torch(path, scans[0])
    scans += [scan_pickle(content) for _ in range(LEGACY_PICKLES - 1)]
    scan = scans[-1]
    if (claimed := sum(storage.claimed for storage in scan.storages)) > size:
        raise _claims(path, claimed, size)
    return Envelope("torch legacy", scan)


def _not_torch(path: Path, scan: Scan) -> Envelope:
    """A pickle, but not torch's: say whose."""
    modules = {name.partition(".")[0] for name in scan.imports}
    if modules & {"tensorflow", "keras", "tf_keras"}:
        raise CheckpointError(
            f"{path}: is a TensorFlow pickle ({printable_names(scan)}), expected torch weights",
            "convert it: load it in TensorFlow, and save its arrays as a torch state dict or as safetensors",
        )
    raise CheckpointError(
        f"{path}: is a pickle that torch did not write (it names {printable_names(scan)})",
        "thinice-tui runs no code of a file: load it yourself, and save the weights as a torch state dict",
    )


def printable_names(scan: Scan) -> str:
    """The first few things that a pickle names."""
    return ", ".join(name[:80] for name in scan.imports[:3]) + (", …" if len(scan.imports) > 3 else "")


def read_torch(path: Path, envelope: Envelope, trust: bool) -> object:
    """The content of a file of torch.save; with `trust` also what needs code to run."""
    if trust:
        try:
            with path.open("rb") as stream:  # not its path: torch would go by the suffix
                return torch.load(stream, map_location="cpu", weights_only=False)
        except Exception as error:  # whatever a stranger's classes raise
            raise CheckpointError(
                f"{path}: cannot be loaded: {reason(error)}",
                "the code that it was saved with must be importable here, in the versions it needs",
            ) from error
    if any(name.startswith(("tensorflow.", "keras.", "tf_keras.")) for name in envelope.scan.imports):
        _not_torch(path, envelope.scan)
    try:
        with torch.serialization.safe_globals(ALLOWED), path.open("rb") as stream:  # type: ignore[arg-type]
            return torch.load(stream, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if refused := _refused(envelope.scan):
            raise CheckpointError(
                f"{path}: holds more than tensors, and would have to run code to load ({refused})",
                f"thinice-tui runs no code of a file unless told to: where you trust it, add {TRUST}; or load it "
                "yourself and save the weights alone: torch.save({'state_dict': model.state_dict()}, 'weights.pt')",
            ) from error
        raise _unreadable(path, b"", error) from error
    except Exception as error:  # torch raises half a dozen kinds for damaged files, all of them meaning this
        raise _unreadable(path, b"", error) from error


def _refused(scan: Scan) -> str:
    """The first thing that a file names and `weights_only` does not allow."""
    known = {name for _, name in ALLOWED}
    safe = ("torch._utils._rebuild_", "torch._tensor._rebuild_", "torch.Size", "torch.device", "_codecs.encode")
    for name in scan.imports:
        torchs = name.startswith(safe) or (name.startswith("torch.") and name.endswith("Storage"))
        if name not in known and not torchs and not hasattr(torch, name.removeprefix("torch.")):
            return name[:120]
    return ", ".join(scan.imports[:1])


def _claims(path: Path, claimed: int, there: int) -> CheckpointError:
    return CheckpointError(
        f"{path}: claims {claimed:,} bytes of weights, but holds {there:,}: it is cut short or made up",
        "copy or download it again",
    )


def _unreadable(path: Path, head: bytes, error: Exception) -> CheckpointError:
    found = kind(head) if head else ""
    named = f"; it looks like {found}" if found not in ("", "something else", "a zip archive") else ""
    return CheckpointError(f"{path}: is not a readable checkpoint, or is truncated ({reason(error)}{named})", _AGAIN)
