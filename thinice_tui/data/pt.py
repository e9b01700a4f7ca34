"""`FILE.pt`: tensors written by torch.save, memory-mapped where the file allows it. No code of the file is run."""

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thinice_tui.data.limits import check_fits, file_size
from thinice_tui.data.naming import find_key, samples_of
from thinice_tui.data.samples import Samples
from thinice_tui.errors import DataError
from thinice_tui.strangers import check_is_no_other_thing, first_bytes, kind, reason

if TYPE_CHECKING:
    from torch import Tensor

EXPECTED = "a file written by torch.save with images and labels"


def read_pt(path: Path, named: Mapping[str, str]) -> Samples:
    """A dict of tensors, a pair (images, labels), or a TensorDataset of them; raises DataError."""
    content = _load(path)
    from torch import Tensor
    from torch.utils.data import TensorDataset

    if isinstance(content, TensorDataset):
        content = getattr(content, "tensors", ())  # a hostile file may leave it out
    elif isinstance(content, Mapping) and isinstance(content.get("tensors"), tuple | list):
        content = content["tensors"]
    names: object = ()
    indices = None
    if isinstance(content, Mapping):
        tensors = {key: value for key, value in content.items() if isinstance(key, str) and isinstance(value, Tensor)}
        images = tensors[find_key(tensors, "images", named, path)]
        labels = tensors[find_key(tensors, "labels", named, path)]
        indices, names = tensors.get("indices"), content.get("class_names", ())
    elif isinstance(content, tuple | list) and len(content) == 2 and all(isinstance(x, Tensor) for x in content):
        images, labels = content
    else:
        raise DataError(
            f"{path}: holds a {type(content).__name__} without images and labels",
            "expected a dict or a pair of tensors: torch.save({'images': images, 'labels': labels}, FILE)",
        )
    texts = [name for name in names if isinstance(name, str)] if isinstance(names, list | tuple) else []
    return samples_of(
        _array(images, path),
        _array(labels, path),
        str(path),
        None if indices is None else _array(indices, path),
        np.array(texts) if texts else None,
    )


def _load(path: Path) -> object:
    check_is_no_other_thing(path, EXPECTED, DataError)
    head = first_bytes(path, EXPECTED, DataError)
    what = kind(head)
    if what not in ("a zip archive", "a pickle"):
        raise DataError(f"{path}: is {what}, expected {EXPECTED}", "copy or download it again")
    import torch
    from torch.utils.data import TensorDataset

    zipped = what == "a zip archive"
    try:
        if zipped:
            _check_zip(path)
        with torch.serialization.safe_globals([TensorDataset]):  # a plain holder of tensors
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except DataError:
        raise
    except pickle.UnpicklingError as error:
        if refused := re.search(r"GLOBAL (\S+)", str(error)):
            raise DataError(
                f"{path}: holds more than tensors, and would have to run code to load ({refused[1]})",
                "thinice-tui runs no code from a file. Where you trust it, load it yourself and save the tensors: "
                "torch.save({'images': images, 'labels': labels}, FILE)",
            ) from error
        raise DataError(f"{path}: cannot be read, or is cut short ({reason(error)})", f"expected {EXPECTED}") from error
    except Exception as error:  # torch raises half a dozen kinds for damaged files, all of them meaning this
        raise DataError(
            f"{path}: cannot be read, or is cut short ({reason(error)})", f"expected {EXPECTED}, whole"
        ) from error


def _check_zip(path: Path) -> None:
    """torch stores, and never compresses: a member that unpacks to more than it takes is none of its own."""
    size = file_size(path)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
                raise DataError(
                    f"{path}: {info.filename} is compressed, and claims {info.file_size} bytes",
                    "torch.save does not do that: the file is damaged, or made to fill your memory",
                )
            if info.header_offset + info.file_size > size:
                raise DataError(
                    f"{path}: {info.filename} claims {info.file_size} bytes, the whole file has {size}",
                    "copy or download it again",
                )


def _array(tensor: "Tensor", path: Path) -> "np.ndarray[Any, Any]":
    """The tensor's own memory as an array; raises DataError for what has none, or claims more than it has."""
    import torch

    if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        raise DataError(f"{path}: holds a tensor that is {tensor.layout}", "save it as a dense one: tensor.to_dense()")
    claimed, there = tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes()
    if claimed > there:
        raise DataError(
            f"{path}: claims a tensor of {claimed} bytes, and holds {there} of them",
            "where it was expanded, save it with tensor.contiguous()",
        )
    found = tensor.detach()
    if found.dtype == torch.bfloat16:  # NumPy has no such type
        check_fits(str(path), 4 * found.numel(), "save its images as float32 or float16: they are read as needed")
        found = found.float()
    array: np.ndarray[Any, Any] = found.numpy()
    return array
