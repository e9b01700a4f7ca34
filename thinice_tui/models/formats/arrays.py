"""NumPy's arrays in a file's content, as tensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from thinice_tui.errors import CheckpointError
from thinice_tui.safe_io.numpy_stand_ins import as_text

DEPTH = 8
"""The most dicts, lists and tuples inside one another in which arrays are looked for."""


def with_tensors(content: object, path: Path) -> object:
    """`content` with tensors in place of the arrays in its dicts of weights; raises CheckpointError.

    A dict holds weights if most of its entries are arrays or tensors. Its keys become text: Python 2 writes bytes.
    """
    return _converted(content, path, DEPTH, {})


def _converted(content: object, path: Path, depth: int, done: dict[int, object]) -> object:
    if id(content) in done:  # shared parts do not multiply
        return done[id(content)]
    result = done[id(content)] = content
    if depth and isinstance(content, Mapping):
        held = sum(isinstance(value, np.ndarray | Tensor) for value in content.values())
        weights = 2 * held > len(content)
        named: dict[object, object] = {}
        for key, value in content.items():
            name = as_text(key) if isinstance(key, bytes) else key
            is_array = weights and isinstance(value, np.ndarray)
            named[name] = _tensor(name, value, path) if is_array else _converted(value, path, depth - 1, done)
        result = named
    elif depth and type(content) in (list, tuple):
        parts = (_converted(part, path, depth - 1, done) for part in content)  # type: ignore[attr-defined]
        result = list(parts) if isinstance(content, list) else tuple(parts)
    done[id(content)] = result
    return result


def _tensor(name: object, array: NDArray[Any], path: Path) -> object:
    """The array as a tensor of its own memory; text stays text."""
    if array.dtype.kind in "SU":
        return array.tolist()
    if array.dtype.kind not in "biufc":
        raise CheckpointError(
            f"{path}: {as_text(name)} is an array of {array.dtype}, expected numbers",
            "NumPy saves bfloat16 without its type: save the weights as float32",
        )
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
