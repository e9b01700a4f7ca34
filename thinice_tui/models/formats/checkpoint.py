"""A model file on disk, with masks folded in; no code of it runs unless it is trusted."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.file_content import ReadOptions
from thinice_tui.models.formats.registry import read_file
from thinice_tui.models.masks.fold import FoldedMasks, fold_masks
from thinice_tui.models.masks.mask_file import read_mask_file, split_mask_file
from thinice_tui.safe_io.file_kind import checked_head

EXPECTED = "a model file"
NOTHING_SAID = ReadOptions()


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: tensors by parameter name (float32 where floating), and its metadata."""

    path: Path
    """As it was given, with the mask file where one was named."""
    sha256: str
    """Of the file, or of the file and its mask file."""
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
    """What else was done on reading, in words."""
    keep: float | None = None
    """The fraction that the scores keep; None: the file has no scores."""
    network: nn.Module | None = None
    """The network itself, where the file holds a whole module or a graph."""
    trusted: bool = False
    """Whether code of the file ran."""
    key: str = ""
    """Which weights of the file the user asked for; empty: the usual ones."""


def read_checkpoint(path: Path, keep: float | None = None, options: ReadOptions = NOTHING_SAID) -> Checkpoint:
    """Read a model file of any known format; raises CheckpointError.

    path: `MODEL`, or `MODEL+MASKS.npy` with masks in a file of their own. keep: the fraction of each layer's weights
    that scores keep, which files do not say.
    """
    file, mask_path = split_mask_file(path)
    content = read_file(file, checked_head(file, EXPECTED, CheckpointError), options)
    sha256 = _sha256(file)
    if content.network is not None:
        if mask_path is not None:
            raise CheckpointError(
                f"{path}: holds a whole network, into which masks of another file cannot be folded",
                "save the network's state dict, and name the mask file with that",
            )
        folded = FoldedMasks(content.state)
    else:
        masks = None
        if mask_path is not None:
            masks = read_mask_file(mask_path)
            sha256 = hashlib.sha256((sha256 + _sha256(mask_path)).encode()).hexdigest()
        folded = fold_masks(content.state, keep, masks, str(path))
    _check_finite(folded.state, path)
    return Checkpoint(
        path=path,
        sha256=sha256,
        form=content.form,
        container=content.container,
        state=folded.state,
        about=content.about,
        folded=folded.notes,
        notes=content.notes,
        keep=folded.keep,
        network=content.network,
        trusted=content.code_ran,
        key=options.key,
    )


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
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})", "check its permissions") from error
