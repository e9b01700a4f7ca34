"""Which array of a file is what: by the names that people use, or as named after `#` in the spec."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.class_numbers import number_classes
from thinice_tui.data.decoding import Pictures
from thinice_tui.data.disk_arrays import Array
from thinice_tui.data.labels import check_indices, check_labels, texts_of
from thinice_tui.data.layout import StoredImages
from thinice_tui.data.samples import Samples
from thinice_tui.errors import DataError
from thinice_tui.safe_io.limits import check_fits

IMAGES = ("images", "x_test", "x", "X", "data", "test_images", "X_test", "image", "img", "inputs", "test_x", "x_adv")
FINE = ("fine_label", "fine_labels", "coarse_label", "coarse_labels")
"""CIFAR-100's two kinds, the usual one first."""
LABELS = ("labels", "y_test", "y", "Y", "targets", "test_labels", "Y_test", "label", "target", "test_y", *FINE)
SHOWN = 12
STORE_NUMBERS = "store label numbers, or class_names in the order of the model's outputs beside them"


@dataclass(frozen=True)
class Stored:
    """Arrays as a file holds them, before anything of them is checked."""

    images: Array
    labels: Array
    source: str
    indices: Array | None = None
    """None: numbered from 0."""
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    remedy: str = ""
    """How other labels are read, where these do not fit a model."""
    classes: int | None = None
    """How many classes a model must know, where only that makes the labels right."""


def find_key(keys: Iterable[str], what: str, named: Mapping[str, str], path: Path) -> str:
    """The key of what=images or what=labels: the one `named` gives, else the first usual one; raises DataError."""
    there = list(keys)
    shown = ", ".join(there[:SHOWN]) + (", …" if len(there) > SHOWN else "") or "nothing"
    if what in named:
        if named[what] in there:
            return named[what]
        raise DataError(f"{path}: has no {named[what]!r} (it holds: {shown})", f"give another #{what}=KEY after it")
    usual = IMAGES if what == "images" else LABELS
    for name in usual:
        if name in there:
            return name
    raise DataError(
        f"{path}: no {what} in it (it holds: {shown})",
        f"expected one of {', '.join(usual)}, or name them: {path.name}#images=KEY,labels=KEY",
    )


def other_labels(keys: Iterable[str], key: str, named: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """A note on arrays that may be labels, too, and how they are read; nothing where there are none.

    key: the array that is taken for labels. Where `named` says it, there is nothing to note.
    """
    others = [name for name in LABELS if name in keys and name != key]
    if not others:
        return (), ""
    remedy = f"other labels there are read with #labels={others[0]} after the file's name"
    return (() if "labels" in named else (f"labels are {key}; {remedy}",)), remedy


def samples_of(stored: Stored, layout: str = "", known: Sequence[str] = ()) -> Samples:
    """Samples of arrays as stored. Raises DataError.

    layout: of the images, NCHW or NHWC; empty: as their shape says. known: class names in the order of a model's
    outputs, which say the numbers of labels that are text where the file does not.
    """
    source, count = stored.source, len(stored.images)
    indices = np.arange(count, dtype=np.int64)
    if stored.indices is not None:
        indices = check_indices(whole(stored.indices, f"{source} indices"), count, source)
    ready = stored.images
    if not isinstance(ready, Pictures):
        ready = StoredImages(ready, source, indices, layout)
    elif layout:
        raise DataError(f"{source}: holds encoded images, which have no layout", f"leave out layout={layout}")
    labels: NDArray[Any] = whole(stored.labels, f"{source} labels")
    class_names, notes, remedy, classes = stored.class_names, stored.notes, stored.remedy, stored.classes
    if labels.dtype.kind in "USO":
        texts = texts_of(labels.reshape(-1))
        found = number_classes(texts, class_names or known, source, STORE_NUMBERS)
        labels = np.array([found.numbers[name] for name in texts], dtype=np.int64)
        class_names, notes = found.class_names, (*notes, f"labels are text, numbered {found.how}")
        if found.by_order:
            classes, remedy = len(class_names), STORE_NUMBERS
    return Samples(
        images=ready,
        labels=check_labels(labels, count, source, indices),
        indices=indices,
        class_names=class_names,
        source=source,
        remarks=notes,
        classes=classes,
        remedy=remedy,
        round_off=ready.round_off if isinstance(ready, StoredImages) else None,
    )


def of_split(source: str, split: str) -> str:
    """The source of a published data set's split; the test split goes without saying."""
    return source if split == "test" else f"{source}, the {split} split"


def whole(array: Array, name: str) -> NDArray[Any]:
    """All of an array that is to be in memory; raises DataError where it would not fit."""
    check_fits(name, int(np.prod(array.shape, dtype=object)) * array.dtype.itemsize, "expected one number a sample")
    return np.asarray(array[:])
