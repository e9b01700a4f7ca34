"""`cifar10:DIR` and `cifar100:DIR`: both splits, in the files of their authors' python version."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.sources.source import DataSpec
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import DataError, UsageError
from thinice_tui.safe_io.file_kind import checked_head, kind
from thinice_tui.safe_io.numpy_stand_ins import as_text
from thinice_tui.safe_io.restricted_unpickler import read_pickle

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR100_LABELS = {"fine": 100, "coarse": 20}
"""The number of classes of each kind of labels."""


@dataclass(frozen=True)
class _Archive:
    """Names of files and keys in a published archive."""

    name: str
    folder: str
    batches: Mapping[str, tuple[str, ...]]
    """Files by split."""
    meta: str
    labels: str
    class_names: str
    file: str

    @property
    def expected(self) -> str:
        return f"{self.name}'s python version ({self.file}, unpacked)"


_CIFAR10 = _Archive(
    "CIFAR-10",
    "cifar-10-batches-py",
    {"test": ("test_batch",), "train": tuple(f"data_batch_{number}" for number in range(1, 6))},
    "batches.meta",
    "labels",
    "label_names",
    "cifar-10-python.tar.gz",
)


def _cifar100(kind: str) -> _Archive:
    batches = {"test": ("test",), "train": ("train",)}
    named = (f"{kind}_labels", f"{kind}_label_names")
    return _Archive("CIFAR-100", "cifar-100-python", batches, "meta", *named, "cifar-100-python.tar.gz")


def read_cifar10(spec: DataSpec) -> StoredData:
    """The images of a split in their original order.

    The folder holds the batches, or cifar-10-batches-py with them. Raises DataError.
    """
    rows, labels, names = _read(spec.path, _CIFAR10, spec.split)
    return StoredData(rows, labels, spec.source_name(), class_names=names)


def read_cifar100(spec: DataSpec) -> StoredData:
    """The images of a split in their original order; #labels=coarse: with the 20 superclasses, else the 100 classes.

    The folder holds the files, or cifar-100-python with them. Raises DataError and UsageError.
    """
    typed = spec.named.get("labels", "")
    kind_of_labels = (typed or "fine").removesuffix("s").removesuffix("_label")
    if kind_of_labels not in CIFAR100_LABELS:
        raise UsageError(f"cifar100:{spec.path} has no labels {typed!r}", "expected labels=fine or labels=coarse")
    other = "coarse" if kind_of_labels == "fine" else "fine"
    remedy = f"its {CIFAR100_LABELS[other]} {other} labels are read with #labels={other} after the folder's name"
    note = f"labels are the {CIFAR100_LABELS[kind_of_labels]} {kind_of_labels} ones; {remedy}"
    rows, labels, names = _read(spec.path, _cifar100(kind_of_labels), spec.split)
    return StoredData(
        rows,
        labels,
        spec.source_name(", coarse labels" if kind_of_labels == "coarse" else ""),
        class_names=names,
        notes=() if typed else (note,),
        remedy=remedy,
        classes=CIFAR100_LABELS[kind_of_labels],
    )


def _read(folder: Path, archive: _Archive, split: str) -> tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...]]:
    """Images [n,3,32,32], labels [n] and class names of a split."""
    root = folder / archive.folder if (folder / archive.folder).is_dir() else folder
    parts = [_read_batch(root / name, archive) for name in archive.batches[split]]
    rows, labels = parts[0] if len(parts) == 1 else tuple(np.concatenate(part) for part in zip(*parts, strict=True))
    names: object = ()
    if (root / archive.meta).is_file():
        names = _read_dict(root / archive.meta, archive.expected).get(archive.class_names)
    class_names = tuple(as_text(name) for name in names) if isinstance(names, list) else ()
    return rows.reshape(-1, 3, 32, 32), labels, class_names


def _read_batch(path: Path, archive: _Archive) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pixels [n,3072] and labels [n] of one file."""
    batch = _read_dict(path, archive.expected)
    rows, labels = batch.get("data"), _whole_numbers(batch.get(archive.labels))
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != 3072:
        raise DataError(f"{path}: has no uint8 array `data` of 3072 columns", f"expected {archive.expected}")
    if labels is None:
        raise DataError(f"{path}: has no list of numbers `{archive.labels}`", f"expected {archive.expected}")
    return rows, labels


def _read_dict(path: Path, expected: str) -> dict[str, object]:
    """A pickled dict, its keys as text; raises DataError."""
    what = kind(checked_head(path, expected, DataError))
    if what != "a pickle":
        raise DataError(f"{path}: is {what}", f"expected {expected}, unpacked")
    content = read_pickle(path, expected, DataError)
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds a {type(content).__name__}", f"expected {expected}")
    return {as_text(key): value for key, value in content.items() if isinstance(key, str | bytes)}


def _whole_numbers(value: object) -> NDArray[np.int64] | None:
    """A flat list or array of whole numbers as an array; None: it is anything else, such as nested lists."""
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "iu":
        return value.astype(np.int64)
    if isinstance(value, list) and all(type(item) is int and abs(item) < 2**31 for item in value):
        return np.array(value, dtype=np.int64)
    return None
