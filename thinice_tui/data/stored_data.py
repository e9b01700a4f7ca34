"""Arrays as a file stores them, and how they become samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.class_numbers import number_classes
from thinice_tui.data.disk_arrays import Array, load_whole
from thinice_tui.data.encoded_images import EncodedImages
from thinice_tui.data.labels import as_texts, check_indices, check_labels
from thinice_tui.data.layout import StoredImages
from thinice_tui.data.samples import Samples
from thinice_tui.errors import DataError

STORE_NUMBERS = "store label numbers, or class_names in the order of the model's outputs beside them"


@dataclass(frozen=True)
class StoredData:
    """What a data source reads: arrays as stored, before they are checked.

    source: the spec, and what was done to the data on reading.
    """

    images: Array
    labels: Array
    source: str
    indices: Array | None = None
    """Each sample's index in the original data; None: they are numbered from 0."""
    class_names: tuple[str, ...] = ()
    """By number; empty: the data does not name its classes."""
    notes: tuple[str, ...] = ()
    """What was decided on reading, for the user."""
    remedy: str = ""
    """How to read other labels, for where these do not fit a model."""
    classes: int | None = None
    """The number of classes that a model must have for the labels to be right; None: any that covers the labels."""


def to_samples(stored: StoredData, layout: str = "", known: Sequence[str] = ()) -> Samples:
    """Samples of stored arrays, with labels as numbers; raises DataError.

    layout: of the images, NCHW or NHWC; empty: as their shape tells. known: class names in the order of a model's
    outputs, which number labels that are text where the file has no class names.
    """
    source, count = stored.source, len(stored.images)
    indices = np.arange(count, dtype=np.int64)
    if stored.indices is not None:
        indices = check_indices(load_whole(stored.indices, f"{source} indices"), count, source)
    ready = stored.images
    if not isinstance(ready, EncodedImages):
        ready = StoredImages(ready, source, indices, layout)
    elif layout:
        raise DataError(f"{source}: holds encoded images, to which no layout applies", f"leave out layout={layout}")
    labels: NDArray[Any] = load_whole(stored.labels, f"{source} labels")
    class_names, notes, remedy, classes = stored.class_names, stored.notes, stored.remedy, stored.classes
    if labels.dtype.kind in "USO":
        texts = as_texts(labels.reshape(-1))
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
