"""A model file on disk, read without executing anything in it unless told to trust it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.containers import Found, find_weights
from thinice_tui.models.formats.graphs import read_graph
from thinice_tui.models.formats.safetensors import is_safetensors, read_safetensors
from thinice_tui.models.formats.torch_files import TRUST, examine, read_torch
from thinice_tui.models.masks import fold_masks
from thinice_tui.models.masks.mask_file import read_sidecar, split_sidecar
from thinice_tui.safe_io.file_kind import check_not_another_kind, first_bytes

EXPECTED = "a model file"


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: tensors by parameter name (float32 where floating), and what it says of itself."""

    path: Path
    """As it was given, with the masks beside it where these were named."""
    sha256: str
    form: str
    """torch, torch legacy, safetensors, TorchScript or torch.export."""
    container: str
    """The keys under which the tensors were found, joined by dots; empty: the file is a bare state dict."""
    state: dict[str, Tensor]
    """Effective weights: masks are folded in."""
    about: dict[str, object] = field(default_factory=dict)
    """Every other entry that is plain data: arch, normalization, dataset, class_names, …"""
    folded: tuple[str, ...] = ()
    """What was folded into the weights, in words."""
    notes: tuple[str, ...] = ()
    keep: float | None = None
    """The fraction kept that was given for scores; None: it was not needed."""
    network: nn.Module | None = None
    """The network itself, where the file holds a whole module or a graph."""
    trusted: bool = False
    """Whether it took the file's own code to load it."""


def read_checkpoint(path: Path, keep: float | None = None, trust: bool = False) -> Checkpoint:
    """Read a file of any form that is known; raises CheckpointError with what to do.

    path: `MODEL`, or `MODEL+MASKS.npy` where masks lie in a file beside it. keep: the fraction of each layer's
    weights that scores keep, which files do not say. trust: whether code of the file may run.
    """
    file, sidecar = split_sidecar(path)
    check_not_another_kind(file, EXPECTED, CheckpointError)
    head = first_bytes(file, EXPECTED, CheckpointError)
    form, needed, found = _read(file, head, trust)
    sha256 = _sha256(file)
    if found.network is not None:
        if sidecar is not None:
            raise CheckpointError(f"{path}: holds a whole network, masks beside it cannot be folded into that")
        _check_finite(found.network.state_dict(), path)
        return Checkpoint(
            path, sha256, form, found.container, found.state, found.about, (), found.notes, None, found.network, needed
        )
    beside = None
    if sidecar is not None:
        beside = read_sidecar(sidecar)
        sha256 = hashlib.sha256((sha256 + _sha256(sidecar)).encode()).hexdigest()
    state, folded, used = fold_masks(found.state, keep, beside, str(path))
    _check_finite(state, path)
    return Checkpoint(
        path, sha256, form, found.container, state, found.about, folded, found.notes, used, None, needed
    )  # fmt: skip


def _read(path: Path, head: bytes, trust: bool) -> tuple[str, bool, Found]:
    """The file's form, whether its code was needed, and what it holds."""
    if is_safetensors(head):
        tensors, metadata = read_safetensors(path)
        found = find_weights(tensors, path)
        return "safetensors", False, Found("", found.state, dict(metadata), None, found.notes)
    envelope = examine(path, head)
    if envelope.form in ("TorchScript", "torch.export"):
        if not trust:
            raise CheckpointError(
                f"{path}: is a {envelope.form} file, whose graph is code and would have to run",
                "it cannot run Python, but it can write files (aten::save, aten::from_file). Where you trust it, add "
                f"{TRUST}; or save its weights as a state dict",
            )
        return envelope.form, True, read_graph(path, envelope.form)
    found = find_weights(read_torch(path, envelope, trust), path)
    return envelope.form, found.network is not None, found


def _check_finite(state: Mapping[str, Tensor], path: Path) -> None:
    for name, tensor in state.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(
                f"{path}: {name} holds NaN or infinite values, expected finite weights",
                "the training diverged or the file is damaged: use another checkpoint",
            )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from error
