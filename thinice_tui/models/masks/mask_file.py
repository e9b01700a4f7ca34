"""Masks in a file of their own beside the weights: `MODEL+MASKS.npy` (Li et al. 2020) or `.npz`."""

import io
import math
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from thinice_tui.errors import CheckpointError, reason
from thinice_tui.safe_io.file_kind import check_not_another_kind
from thinice_tui.safe_io.paths import expanded

State = dict[str, Tensor]
SUFFIXES = (".npy", ".npz")
_EXPECTED = "masks as NumPy saves them (.npy or .npz)"
_DO = "expected arrays of zeros and ones: one for each layer in the network's order, or by the weights' names"


@dataclass(frozen=True)
class Sidecar:
    """Masks in the network's order, or by name."""

    path: Path
    ordered: tuple[Tensor, ...]
    named: Mapping[str, Tensor]


def split_sidecar(path: Path) -> tuple[Path, Path | None]:
    """The model's file and the masks', where `path` is MODEL+MASKS.npy and no file of that very name."""
    model, plus, masks = str(path).rpartition("+")
    if not plus or not masks.endswith(SUFFIXES) or path.exists():
        return path, None
    beside = expanded(masks)
    return Path(model), beside if beside.is_absolute() or beside.exists() else Path(model).parent / beside


def read_sidecar(path: Path) -> Sidecar:
    """Read masks; object arrays (a list of arrays of many shapes) through an unpickler that knows arrays alone."""
    check_not_another_kind(path, _EXPECTED, CheckpointError)
    size = path.stat().st_size
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                return Sidecar(path, (), {name: torch.from_numpy(np.asarray(archive[name])) for name in archive.files})
        content = _read_npy(path, size)
    except (ValueError, OSError, EOFError, pickle.UnpicklingError, MemoryError, AttributeError, TypeError) as error:
        raise CheckpointError(f"{path}: is not readable as masks: {reason(error)}", _DO) from error
    if isinstance(content, Mapping):
        return Sidecar(path, (), {str(name): _tensor(path, mask) for name, mask in content.items()})
    masks = content if isinstance(content, list) else [content]
    return Sidecar(path, tuple(_tensor(path, mask) for mask in masks), {})


def _read_npy(path: Path, size: int) -> Any:
    with path.open("rb") as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
        if dtype.hasobject:
            content = _plain(_Arrays(io.BytesIO(stream.read())).load())
            return content[0] if shape == () else content
        if int(np.prod(shape, dtype=object)) * dtype.itemsize > size:
            raise ValueError(f"claims shape {shape}, but the file holds {size:,} bytes")
    return np.load(path, allow_pickle=False)


class _Array:
    """An array while it is unpickled: it holds what was said of it, checked against what came with it."""

    content: Any = None

    def __setstate__(self, state: tuple[object, tuple[int, ...], np.dtype[Any], bool, Any]) -> None:
        _, shape, dtype, fortran, data = state
        if dtype.hasobject:
            if not isinstance(data, list) or math.prod(shape) != len(data):
                raise pickle.UnpicklingError(f"an array of shape {shape} with other content")
            self.content = data
        else:
            flat = np.frombuffer(data, dtype)  # no larger than what is in the file
            self.content = flat.reshape(shape, order="F" if fortran else "C")


class _Marker:
    """What `numpy.ndarray` is here: a name, never made."""


# In Python, not in C, as in `pickles`: the one in C grows its memo to whatever index a pickle names.
class _Arrays(pickle._Unpickler):
    """An unpickler that can make arrays, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """NumPy's array, dtype and reconstruction; raises UnpicklingError for all else."""
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return _reconstruct
        known = {
            ("numpy", "ndarray"): _Marker,
            ("numpy", "dtype"): np.dtype,
            ("collections", "OrderedDict"): dict,
            ("_codecs", "encode"): _encode,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it names {module}.{name}, expected arrays alone")
        return known[module, name]


def _reconstruct(kind: object, shape: object, _: object) -> _Array:
    if kind is not _Marker or shape != (0,):
        raise pickle.UnpicklingError(f"an array that begins as {shape}, expected (0,)")
    return _Array()


def _plain(value: Any) -> Any:
    """Arrays in place of what they were while unpickled."""
    while isinstance(value, _Array):
        value = value.content
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _encode(text: str, encoding: str) -> bytes:
    return text.encode("latin1" if encoding == "latin1" else "ascii")


def _tensor(path: Path, mask: object) -> Tensor:
    array = np.asarray(mask)
    if array.dtype == object or array.dtype.kind not in "biuf":
        raise CheckpointError(f"{path}: holds {type(mask).__name__} where a mask is expected", _DO)
    return torch.from_numpy(array.astype(np.float32))


def fold_sidecar(state: State, masks: Sidecar) -> tuple[State, str]:
    """Weights × their masks; raises ValueError where they do not belong together.

    In order, either a mask for each Conv and Linear weight, or one for each layer, batch norms included, as Li et
    al. save them. There a batch norm's bias is masked as its weight, and a layer's bias by the mean of its mask over
    all but the first dimension.
    """
    folded = dict(state)
    pairs = _by_name(state, masks) if masks.named else _in_order(state, masks.ordered)
    for name, mask in pairs:
        if mask.shape != state[name].shape:
            raise ValueError(f"{masks.path.name}: {tuple(mask.shape)} for {name}, which is {tuple(state[name].shape)}")
        if not bool(((mask == 0) | (mask == 1)).all()):
            raise ValueError(f"{masks.path.name}: the mask of {name} is not of zeros and ones")
        folded[name] = state[name] * mask
        bias = f"{name.removesuffix('weight')}bias"
        if not masks.named and bias in state:
            folded[bias] = state[bias] * (mask if mask.ndim == 1 else mask.flatten(1).mean(dim=1))
    return folded, f"{len(pairs)} weights × their masks in {masks.path.name}"


def _by_name(state: State, masks: Sidecar) -> Sequence[tuple[str, Tensor]]:
    pairs = []
    for name, mask in masks.named.items():
        found = [key for key in (name, f"{name}.weight", name.removesuffix("_mask"), name.removesuffix(".mask"))
                 if key in state]  # fmt: skip
        if not found:
            raise ValueError(f"{masks.path.name}: there is no weight {name}")
        pairs.append((found[0], mask.float()))
    return pairs


def _in_order(state: State, masks: Sequence[Tensor]) -> Sequence[tuple[str, Tensor]]:
    layers = [key for key in state if key.endswith("weight")]
    weights = [key for key in layers if state[key].ndim > 1]
    for names in (layers, weights):
        if len(names) == len(masks):
            return list(zip(names, masks, strict=True))
    raise ValueError(f"{len(masks)} masks for {len(weights)} Conv and Linear weights ({len(layers)} with batch norms)")
