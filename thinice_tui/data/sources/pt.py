"""`FILE.pt`: tensors written by torch.save, memory-mapped where the file allows it. No code of the file is run."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thinice_tui.data.array_keys import find_key, other_labels
from thinice_tui.data.labels import label_array
from thinice_tui.data.sources.source import DataSpec
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import checked_head, kind
from thinice_tui.safe_io.limits import check_fits
from thinice_tui.safe_io.torch_file import examine_torch_file, unreadable_torch_file

if TYPE_CHECKING:
    from torch import Tensor

EXPECTED = "a file written by torch.save with images and labels"


def read_pt(spec: DataSpec) -> StoredData:
    """Images and labels of a dict of tensors, a pair (images, labels), or a TensorDataset; raises DataError.

    Labels may be a list of numbers or of class names.
    """
    path, named = spec.path, spec.named
    content = _load(path)
    from torch import Tensor
    from torch.utils.data import TensorDataset

    if isinstance(content, TensorDataset):
        content = getattr(content, "tensors", ())  # a hostile file may leave it out
    elif isinstance(content, Mapping) and isinstance(content.get("tensors"), tuple | list):
        content = content["tensors"]
    names: object = ()
    indices: object = None
    others: tuple[tuple[str, ...], str] = ((), "")
    if isinstance(content, Mapping):
        held = {key: value for key, value in content.items() if isinstance(key, str) and _is_array(value)}
        held.pop("class_names", None)
        images = held[find_key(held, "images", named, path)]
        key = find_key(held, "labels", named, path)
        labels, others = held[key], other_labels(held, key, named)
        indices, names = held.get("indices"), content.get("class_names", ())
    elif isinstance(content, tuple | list) and len(content) == 2 and isinstance(content[0], Tensor):
        images, labels = content
    else:
        raise DataError(
            f"{path}: holds a {type(content).__name__} without images and labels",
            "expected a dict or a pair of tensors: torch.save({'images': images, 'labels': labels}, FILE)",
        )
    if not isinstance(images, Tensor):
        raise DataError(
            f"{path}: its images are a {type(images).__name__} of {len(images)}, expected one tensor",
            "save them as one tensor: torch.stack(images)",
        )
    texts = [name for name in names if isinstance(name, str)] if isinstance(names, list | tuple) else []
    return StoredData(
        _array(images, path),
        _numbers(labels, path),
        str(path),
        None if indices is None else _numbers(indices, path),
        tuple(texts),
        *others,
    )


def _is_array(value: object) -> bool:
    from torch import Tensor

    return isinstance(value, Tensor | list | tuple)


def _numbers(values: object, path: Path) -> "np.ndarray[Any, Any]":
    """An array of a tensor or a list, one value a sample."""
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        return label_array(values, str(path))
    from torch import Tensor

    if not isinstance(values, Tensor):
        raise DataError(f"{path}: its labels are a {type(values).__name__}", "expected a tensor or a list of numbers")
    return _array(values, path)


def _load(path: Path) -> object:
    """What torch.save wrote, memory-mapped where it is a zip archive; no code of it is run."""
    head = checked_head(path, EXPECTED, DataError)
    what = kind(head)
    if what not in ("a zip archive", "a pickle"):
        raise DataError(f"{path}: is {what}, expected {EXPECTED}", "copy or download it again")
    file = examine_torch_file(path, head, DataError)
    if file.compressed:
        raise DataError(
            f"{path}: {file.compressed} is compressed, which torch.save never does",
            "the file is damaged, or made to fill your memory: save it again with torch.save",
        )
    import torch
    from torch.utils.data import TensorDataset

    try:
        with torch.serialization.safe_globals([TensorDataset]):  # a plain holder of tensors
            return torch.load(path, map_location="cpu", weights_only=True, mmap=file.form == "torch")
    except Exception as error:  # torch raises half a dozen types for damaged files
        refused = file.scan.refused(["torch.utils.data.dataset.TensorDataset", "collections.OrderedDict"])
        if not isinstance(error, pickle.UnpicklingError) or not refused:
            raise unreadable_torch_file(path, b"", error, DataError) from error
        raise DataError(
            f"{path}: holds more than tensors, and would have to run code to load ({refused})",
            "thinice-tui runs no code of a file. Where you trust it, load it yourself and save the tensors: "
            "torch.save({'images': images, 'labels': labels}, FILE)",
        ) from error


def _array(tensor: "Tensor", path: Path) -> "np.ndarray[Any, Any]":
    """The tensor's own memory as an array; raises DataError where it has none, or claims more than it has."""
    import torch

    if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        raise DataError(f"{path}: holds a tensor that is {tensor.layout}", "save a dense tensor: tensor.to_dense()")
    claimed, there = tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes()
    if claimed > there:
        raise DataError(
            f"{path}: claims a tensor of {claimed} bytes, and holds {there} of them",
            "where it was expanded, save it with tensor.contiguous()",
        )
    found = tensor.detach()
    if found.dtype == torch.bfloat16:  # NumPy has no such type
        check_fits(str(path), 4 * found.numel(), "save the images as float32 or float16, which are read on demand")
        found = found.float()
    array: np.ndarray[Any, Any] = found.numpy()
    return array
