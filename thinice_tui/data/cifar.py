"""`cifar10:DIR` and `cifar100:DIR`: the test sets in the python versions of their authors."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thinice_tui.data.naming import samples_of
from thinice_tui.data.pickles import read_pickled_dict, text, whole_numbers
from thinice_tui.data.samples import Samples
from thinice_tui.errors import DataError

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class _Layout:
    """Names in one of the published archives."""

    name: str
    folder: str
    batch: str
    meta: str
    labels: str
    class_names: str
    archive: str

    @property
    def expected(self) -> str:
        return f"{self.name}'s python version ({self.archive}, unpacked)"


_CIFAR10 = _Layout(
    "CIFAR-10", "cifar-10-batches-py", "test_batch", "batches.meta", "labels", "label_names", "cifar-10-python.tar.gz"
)
_CIFAR100 = _Layout(
    "CIFAR-100", "cifar-100-python", "test", "meta", "fine_labels", "fine_label_names", "cifar-100-python.tar.gz"
)


def read_cifar10(folder: Path) -> Samples:
    """The test images in their original order; `folder` holds test_batch, or cifar-10-batches-py does."""
    return _read(folder, _CIFAR10, f"cifar10:{folder}")


def read_cifar100(folder: Path) -> Samples:
    """The test images in their original order, with fine labels; `folder` holds test, or cifar-100-python does."""
    return _read(folder, _CIFAR100, f"cifar100:{folder}")


def _read(folder: Path, layout: _Layout, source: str) -> Samples:
    root = folder / layout.folder if (folder / layout.folder).is_dir() else folder
    path = root / layout.batch
    batch = read_pickled_dict(path, layout.expected)
    rows, labels = batch.get("data"), whole_numbers(batch.get(layout.labels))
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != 3072:
        raise DataError(f"{path}: has no uint8 array `data` of 3072 columns", f"expected {layout.expected}")
    if labels is None:
        raise DataError(f"{path}: has no list of numbers `{layout.labels}`", f"expected {layout.expected}")
    names: object = ()
    if (root / layout.meta).is_file():
        names = read_pickled_dict(root / layout.meta, layout.expected).get(layout.class_names, ())
    stored = np.array([text(name) for name in names]) if isinstance(names, list) and names else None
    return samples_of(rows.reshape(-1, 3, 32, 32), labels, source, names=stored)
