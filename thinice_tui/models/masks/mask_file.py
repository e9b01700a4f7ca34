"""Masks in a file of their own: `MODEL+MASKS.npy` (Li et al. 2020) or `MODEL+MASKS.npz`."""

import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from thinice_tui.errors import CheckpointError, reason
from thinice_tui.models.masks.pairs import State, is_binary, multiplied, pairs_by_name, pairs_in_order
from thinice_tui.safe_io.file_kind import checked_head
from thinice_tui.safe_io.limits import check_fits, check_unpacks, file_size
from thinice_tui.safe_io.npy_header import read_npy_header
from thinice_tui.safe_io.numpy_stand_ins import as_text
from thinice_tui.safe_io.paths import expanded
from thinice_tui.safe_io.restricted_unpickler import read_pickle

SUFFIXES = (".npy", ".npz")
TORCH_SUFFIXES = (".pt", ".pth", ".tar", ".safetensors")
_EXPECTED = "masks as NumPy saves them (.npy or .npz)"
_DO = "expected arrays of zeros and ones: one for each layer in the network's order, or by the weights' names"


@dataclass(frozen=True)
class MaskFile:
    """The masks of a file, float32: in the network's order, or by name."""

    path: Path
    ordered: tuple[Tensor, ...] = ()
    named: Mapping[str, Tensor] | None = None
    """None: the masks have no names."""


def split_mask_file(path: Path) -> tuple[Path, Path | None]:
    """The paths of the model and its masks where `path` is MODEL+MASKS.npy; a file of that very name is a model.

    MASKS is looked for in the working folder, then beside the model. Raises CheckpointError where it is a torch file.
    """
    model, plus, masks = str(path).rpartition("+")
    if not plus or path.exists():
        return path, None
    if masks.endswith(TORCH_SUFFIXES) and Path(model).exists():
        raise CheckpointError(
            f"{path}: masks are read from .npy and .npz, and {masks} is neither",
            "save them by the weights' names: numpy.savez('masks.npz', **{name: mask.numpy()}) (NNI's mask file holds "
            "them as {layer: {'weight': mask}}), and name MODEL+masks.npz",
        )
    if not masks.endswith(SUFFIXES):
        return path, None
    found = expanded(masks)
    return Path(model), found if found.is_absolute() or found.exists() else Path(model).parent / found


def read_mask_file(path: Path) -> MaskFile:
    """Read masks without running code of the file; raises CheckpointError, also where they would not fit into memory.

    An .npy may hold one array, or the pickle of a list or dict of arrays.
    """
    checked_head(path, _EXPECTED, CheckpointError)
    try:
        if path.suffix == ".npz":
            return MaskFile(path, named=_read_npz(path))
        with path.open("rb") as stream:
            header = read_npy_header(stream, str(path), CheckpointError, allow_objects=True)
            offset = stream.tell()
        if header.dtype.hasobject:
            content = read_pickle(path, _EXPECTED, CheckpointError, offset)
            return _from_objects(path, content, header.shape)
        claimed, held = math.prod(header.shape) * header.dtype.itemsize, file_size(path, CheckpointError)
        if claimed > held:
            raise ValueError(f"claims shape {header.shape}, but the file holds {held:,} bytes")
        check_fits(str(path), claimed, f"expected {_EXPECTED}", CheckpointError)
        return MaskFile(path, ordered=(_tensor(path, np.load(path, allow_pickle=False)),))
    except CheckpointError:
        raise
    except Exception as error:  # NumPy parses headers as Python text, and zipfile trusts lengths: nearly anything
        raise CheckpointError(f"{path}: is not readable as masks: {reason(error)}", _DO) from error


def _read_npz(path: Path) -> dict[str, Tensor]:
    remedy = "save the masks with numpy.savez instead of savez_compressed"
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            check_unpacks(f"{path}: {entry.filename}", entry.compress_size, entry.file_size, remedy, CheckpointError)
    with np.load(path, allow_pickle=False) as arrays:
        return {name: _tensor(path, arrays[name]) for name in arrays.files}


def _from_objects(path: Path, content: object, shape: tuple[int, ...]) -> MaskFile:
    """Masks of an array of objects: of shape () a dict or list, else the arrays one after the other."""
    if shape == () and isinstance(content, list):
        (content,) = content
    if isinstance(content, dict):
        return MaskFile(path, named={as_text(name): _tensor(path, mask) for name, mask in content.items()})
    masks = content if isinstance(content, list) else [content]
    return MaskFile(path, ordered=tuple(_tensor(path, mask) for mask in masks))


def _tensor(path: Path, mask: object) -> Tensor:
    if not isinstance(mask, np.ndarray) or mask.dtype.kind not in "biuf":
        what = f"an array of {mask.dtype}" if isinstance(mask, np.ndarray) else f"a {type(mask).__name__}"
        raise CheckpointError(f"{path}: holds {what} where a mask is expected", _DO)
    return torch.from_numpy(mask.astype(np.float32))


def fold_mask_file(state: State, masks: MaskFile) -> tuple[State, str]:
    """Weights × their masks, and what was done in words; raises ValueError where masks do not fit the weights.

    Masks in order are either one for each Conv and Linear weight, or one for each layer, batch norms included, as Li
    et al. (2020) save them. There a batch norm's bias is masked as its weight, and a layer's bias is multiplied by the
    mean of the layer's mask over all dimensions but the first.
    """
    folded = dict(state)
    by_name = masks.named is not None
    pairs = pairs_by_name(list(state), masks.named or {}) if by_name else pairs_in_order(state, masks.ordered)
    for name, mask in pairs:
        if mask.shape != state[name].shape:
            raise ValueError(f"{masks.path.name}: {tuple(mask.shape)} for {name}, which is {tuple(state[name].shape)}")
        if not is_binary(mask):
            raise ValueError(f"{masks.path.name}: the mask of {name} is not of zeros and ones")
        folded[name] = multiplied(state[name], mask, name)
        bias = f"{name.removesuffix('weight')}bias"
        if not by_name and bias in state:
            folded[bias] = state[bias] * (mask if mask.ndim == 1 else mask.flatten(1).mean(dim=1))
    return folded, f"{len(pairs)} weights × their masks in {masks.path.name}"
