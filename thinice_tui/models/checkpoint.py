"""A model file on disk, read without executing anything in it."""

import hashlib
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from thinice_tui.errors import CheckpointError

CONTAINERS = ("state_dict", "model_state_dict", "net", "model")
PREFIXES = ("module.", "_orig_mod.", "model.")


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: tensors by parameter name (float32 where floating), and what it says of itself."""

    path: Path
    sha256: str
    container: str
    """The key under which the tensors were found; empty: the file is a bare state dict."""
    state: dict[str, Tensor]
    about: dict[str, object] = field(default_factory=dict)
    """Every other entry that is plain data: arch, normalization, dataset, class_names, …"""


def read_checkpoint(path: Path) -> Checkpoint:
    """Read tensors and plain data with `weights_only`; raises CheckpointError with what to do."""
    sha256 = _sha256(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if refused := re.search(r"GLOBAL (\S+)", str(error)):
            raise CheckpointError(
                f"{path}: holds more than tensors, and would have to run code to load ({refused[1]})",
                "thinice-tui runs no code from a checkpoint. Where you trust the file, load it yourself and "
                "save the weights alone: torch.save({'state_dict': model.state_dict()}, 'weights.pt')",
            ) from error
        raise CheckpointError(_unreadable(path, error), _EXPECTED) from error
    except Exception as error:  # torch raises half a dozen kinds for damaged files, all of them meaning this
        raise CheckpointError(_unreadable(path, error), _EXPECTED) from error
    container, found = _find_state(content, path)
    about = {key: value for key, value in content.items() if key != container} if container else {}
    state = _strip_prefixes(found)
    for name, tensor in state.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(
                f"{path}: {name} holds NaN or infinite values, expected finite weights",
                "the training diverged or the file is damaged: use another checkpoint",
            )
    return Checkpoint(path, sha256, container, state, about)


_EXPECTED = "expected a file written by torch.save; copy it again if it was cut short"


def _unreadable(path: Path, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
    return f"{path}: is not a readable checkpoint, or is truncated ({reason})"


def _sha256(path: Path) -> str:
    if path.is_dir():
        raise CheckpointError(f"{path}: is a folder, expected a checkpoint file")
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no such file", "check the path") from None
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from error


def _find_state(content: object, path: Path) -> tuple[str, Mapping[object, object]]:
    if isinstance(content, Mapping):
        for key in CONTAINERS:
            if _is_state(content.get(key)):
                return key, content[key]
        if _is_state(content):
            return "", content
        found = ", ".join(sorted(str(key) for key in content)[:8]) or "nothing"
    else:
        found = type(content).__name__
    raise CheckpointError(
        f"{path}: no weights found in it (it holds: {found})",
        f"expected a state dict, alone or under one of {', '.join(CONTAINERS)}",
    )


def _is_state(value: object) -> bool:
    return isinstance(value, Mapping) and len(value) > 0 and all(isinstance(v, Tensor) for v in value.values())


def _strip_prefixes(state: Mapping[object, object]) -> dict[str, Tensor]:
    """Drop wrapper prefixes (DataParallel, torch.compile) that every key carries, repeatedly."""
    plain = {str(key): value for key, value in state.items() if isinstance(value, Tensor)}
    while prefix := next((p for p in PREFIXES if all(key.startswith(p) for key in plain)), ""):
        plain = {key.removeprefix(prefix): value for key, value in plain.items()}
    return {key: value.float() if value.is_floating_point() else value for key, value in plain.items()}
