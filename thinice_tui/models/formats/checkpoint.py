"""A model file on disk, with masks folded in; no code of it runs unless it is trusted."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from thinice_tui.errors import CheckpointError
from thinice_tui.models.formats.file_content import ReadOptions
from thinice_tui.models.formats.metadata import plain_metadata
from thinice_tui.models.formats.registry import read_file
from thinice_tui.models.formats.tensor_values import check_network
from thinice_tui.models.masks.fold import FoldedMasks, fold_masks, fold_masks_into_network
from thinice_tui.models.masks.mask_file import read_mask_file, split_mask_file

NOTHING_SAID = ReadOptions()


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: tensors by parameter name (float32 where floating), and its metadata."""

    path: Path
    """As it was given, with the mask file where one was named."""
    sha256: str
    """Of the file, or of the file and its mask file; of a folder, of all files of it that were read."""
    form: str
    """torch, torch legacy, safetensors, TorchScript, torch.export, NumPy .npz, NumPy .npy or pickle."""
    container: str
    """The keys under which the tensors were found, joined by dots, positions in lists in brackets (`runs[0].best`);
    empty: the file is a bare state dict."""
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
    others: tuple[str, ...] = ()
    """The keys under which the file holds other weights, which `--key` chooses; `.` is the top of the file."""
    files: tuple[Path, ...] = ()
    """The files that were read, without the mask file: more than one for a folder."""
    arch: str = ""
    """The architecture that the config.json of a folder names, as --arch would: `timm:NAME`; empty: none."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """num_classes and in_chans of that architecture."""
    needs_arch: str = ""
    """Why only the user can say the architecture, as what happened; empty: there is no reason."""
    stored: dict[str, Tensor] | None = None
    """The weights as stored, for a network that has their masks' names itself; None: folding changed no name."""
    refusal: CheckpointError | None = None
    """Why the masks cannot be folded; then `state` is as stored, and only a network with these names can hold it."""


def read_checkpoint(path: Path, keep: float | None = None, options: ReadOptions = NOTHING_SAID) -> Checkpoint:
    """Read a model file of any known format; raises CheckpointError.

    path: `MODEL`, or `MODEL+MASKS.npy` with masks in a file of their own. keep: the fraction of each layer's weights
    that scores keep, which files do not say.
    """
    file, mask_path = split_mask_file(path)
    content = read_file(file, options)
    files = content.files or (file,)
    sha256 = _sha256_of_all(files)
    if content.network is not None:
        check_network(content.network, file)
        if mask_path is not None:
            raise CheckpointError(
                f"{path}: holds a whole network, into which masks of another file cannot be folded",
                "save the network's state dict, and name the mask file with that",
            )
        state = content.network.state_dict()
        folded = FoldedMasks(
            {key: value for key, value in state.items() if isinstance(value, Tensor)},
            fold_masks_into_network(content.network, content.about, str(path)),
        )
    else:
        masks = None
        if mask_path is not None:
            masks = read_mask_file(mask_path)
            sha256 = _with_masks(sha256, mask_path)
        folded = fold_masks(content.state, content.about, keep, masks, str(path))
    _check_finite(folded.state, path)
    return Checkpoint(
        path=path,
        sha256=sha256,
        form=content.form,
        container=content.container,
        state=folded.state,
        about=plain_metadata(content.about),
        folded=folded.notes,
        notes=content.notes,
        keep=folded.keep,
        network=content.network,
        trusted=content.code_ran,
        key=options.key,
        others=content.others,
        files=files,
        arch=content.arch,
        sizes=content.sizes,
        needs_arch=content.needs_arch,
        stored=folded.stored,
        refusal=folded.refusal,
    )


def model_sha256(path: Path) -> str:
    """The `sha256` that `read_checkpoint(path)` gives; no code of it runs. Raises CheckpointError."""
    file, mask_path = split_mask_file(path)
    if not file.is_file() and not file.is_dir():
        raise CheckpointError(f"{file}: there is no such file", "check the path; expected a model file")
    if mask_path is not None and not mask_path.is_file():
        raise CheckpointError(f"{mask_path}: there is no such file", "check the path; expected a mask file")
    sha256 = _sha256(file) if file.is_file() else _sha256_of_all(read_file(file, NOTHING_SAID).files or (file,))
    return sha256 if mask_path is None else _with_masks(sha256, mask_path)


def _with_masks(sha256: str, mask_path: Path) -> str:
    """Of a model's file of that sha256 and its mask file together."""
    return hashlib.sha256((sha256 + _sha256(mask_path)).encode()).hexdigest()


def _check_finite(state: Mapping[str, Tensor], path: Path) -> None:
    for name, tensor in state.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(
                f"{path}: {name} holds NaN or infinite values, expected finite weights",
                "the training diverged or the file is damaged: use another checkpoint",
            )


def _sha256_of_all(files: Sequence[Path]) -> str:
    """Of the file; of several, of their hashes in order."""
    found = [_sha256(file) for file in files]
    return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})", "check its permissions") from error
