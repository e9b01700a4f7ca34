"""`cifar10:DIR` and `cifar100:DIR`: both splits in the python versions of their authors."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.array_keys import Stored, of_split, samples_of
from thinice_tui.data.samples import Samples
from thinice_tui.errors import DataError, UsageError
from thinice_tui.safe_io.pickled_arrays import read_pickled_dict, text, whole_numbers

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
CIFAR100_LABELS = {"fine": 100, "coarse": 20}
"""How many classes each kind of labels has."""


@dataclass(frozen=True)
class _Layout:
    """Names in one of the published archives."""

    name: str
    folder: str
    batches: Mapping[str, tuple[str, ...]]
    """Files by split."""
    meta: str
    labels: str
    class_names: str
    archive: str

    @property
    def expected(self) -> str:
        return f"{self.name}'s python version ({self.archive}, unpacked)"


_CIFAR10 = _Layout(
    "CIFAR-10",
    "cifar-10-batches-py",
    {"test": ("test_batch",), "train": tuple(f"data_batch_{number}" for number in range(1, 6))},
    "batches.meta",
    "labels",
    "label_names",
    "cifar-10-python.tar.gz",
)


def _cifar100(kind: str) -> _Layout:
    batches = {"test": ("test",), "train": ("train",)}
    named = (f"{kind}_labels", f"{kind}_label_names")
    return _Layout("CIFAR-100", "cifar-100-python", batches, "meta", *named, "cifar-100-python.tar.gz")


def read_cifar10(folder: Path, split: str = "test") -> Samples:
    """The images of a split in their original order; `folder` holds the batches, or cifar-10-batches-py does."""
    return samples_of(_read(folder, _CIFAR10, split, f"cifar10:{folder}"))


def read_cifar100(folder: Path, split: str = "test", labels: str | None = None) -> Samples:
    """The images of a split in their original order; `folder` holds them, or cifar-100-python does.

    labels: coarse are the 20 superclasses, fine (the default) the 100 classes. Raises DataError, UsageError.
    """
    kind = (labels or "fine").removesuffix("s").removesuffix("_label")
    if kind not in CIFAR100_LABELS:
        raise UsageError(f"cifar100:{folder} has no labels {labels!r}", "expected labels=fine or labels=coarse")
    other = "coarse" if kind == "fine" else "fine"
    remedy = f"its {CIFAR100_LABELS[other]} {other} labels are read with #labels={other} after the folder's name"
    coarse = ", coarse labels" if kind == "coarse" else ""
    stored = _read(folder, _cifar100(kind), split, f"cifar100:{folder}{coarse}")
    said = () if labels else (f"labels are the {CIFAR100_LABELS[kind]} {kind} ones; {remedy}",)
    return samples_of(replace(stored, notes=said, classes=CIFAR100_LABELS[kind], remedy=remedy))


def _read(folder: Path, layout: _Layout, split: str, source: str) -> Stored:
    root = folder / layout.folder if (folder / layout.folder).is_dir() else folder
    parts = [_read_batch(root / name, layout) for name in layout.batches[split]]
    rows, labels = parts[0] if len(parts) == 1 else tuple(np.concatenate(part) for part in zip(*parts, strict=True))
    names: object = ()
    if (root / layout.meta).is_file():
        names = read_pickled_dict(root / layout.meta, layout.expected).get(layout.class_names, ())
    stored = tuple(text(name) for name in names) if isinstance(names, list) else ()
    return Stored(rows.reshape(-1, 3, 32, 32), labels, of_split(source, split), class_names=stored)


def _read_batch(path: Path, layout: _Layout) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pixels [n,3072] and labels [n] of one file."""
    batch = read_pickled_dict(path, layout.expected)
    rows, labels = batch.get("data"), whole_numbers(batch.get(layout.labels))
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != 3072:
        raise DataError(f"{path}: has no uint8 array `data` of 3072 columns", f"expected {layout.expected}")
    if labels is None:
        raise DataError(f"{path}: has no list of numbers `{layout.labels}`", f"expected {layout.expected}")
    return rows, labels
