"""`folder:DIR`: one folder of images for each class (torchvision's ImageFolder), decoded when they are needed."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.class_map import read_class_map
from thinice_tui.data.class_numbers import Numbering, described_numbering, number_classes
from thinice_tui.data.encoded_images import EncodedImages, NamedStreams
from thinice_tui.data.sources.source import DataSpec
from thinice_tui.data.sources.suggested_spec import suggested_spec
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""torchvision's suffixes of images."""
NO_CLASSES = frozenset({"__MACOSX", "__pycache__", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"})
"""Folders that systems and programs create; these and hidden folders are no classes."""
SPLITS = ("test", "val", "valid", "validation", "dev", "train", "training", "testing")
REMEDY = 'give --class-map FILE, JSON as {"cat": 3, "dog": 5}, or the folders as a list in the order of the outputs'
SHOWN = 5
"""The most names that a message shows."""


def read_folder(spec: DataSpec) -> StoredData:
    """Class folders sorted by name, in each its images sorted by folder and name: torchvision's order and indices.

    Hidden files and folders, and those of NO_CLASSES, are left out. Labels are those of the class map; without one,
    as `number_classes` numbers the folders. Raises DataError, also for a class without images.
    """
    folder = spec.path
    classes, left_out = _class_folders(folder)
    images = {name: _images(folder / name) for name in classes}
    if not any(images.values()):
        raise DataError(
            f"{folder}: holds no images in its {len(classes)} folders",
            suggested_spec(folder) or f"expected {', '.join(SUFFIXES)}",
        )
    if empty := [name for name, files in images.items() if not files]:
        raise DataError(
            f"{folder}: found no image for the classes {_some(empty)}",
            f"put their images there ({', '.join(SUFFIXES)}), or remove these folders",
        )
    numbering = _numbering(classes, spec)
    files = [path for name in classes for path in images[name]]
    labels = np.repeat([numbering.numbers[name] for name in classes], [len(images[name]) for name in classes])
    mapped_by = f", labels from {spec.class_map}" if spec.class_map else ""
    return StoredData(
        EncodedImages(np.arange(len(files)), lambda rows: _streams(files, rows), spec.geometry),
        labels,
        f"folder:{folder}, {spec.geometry}{mapped_by}",
        class_names=numbering.class_names,
        notes=_notes(classes, numbering, left_out),
        remedy=REMEDY,
        classes=len(classes) if numbering.by_order else None,
    )


def _streams(files: Sequence[str], rows: NDArray[np.int64]) -> NamedStreams:
    """Paths and streams of the files at `rows` [b]; raises DataError where one cannot be opened."""
    for row in rows.tolist():
        path = files[row]
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  # opening a pipe would block
                raise DataError(f"{path}: is a device or a pipe, expected an image", "remove it from the folder")
            stream = open(path, "rb")  # noqa: PTH123, SIM115  # the reader closes it
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})", "check that it is still there") from error
        yield path, stream


def _notes(classes: Sequence[str], numbering: Numbering, left_out: Sequence[str]) -> tuple[str, ...]:
    """How the folders are numbered, and which are left out."""
    notes = [f"folders are numbered {numbering.how}"]
    if not numbering.class_names and [numbering.numbers[name] for name in classes] != list(range(len(classes))):
        notes.append(
            "torchvision's ImageFolder would number these folders from 0, by their order as text: where the model was "
            "trained with it, give --class-map"
        )
    if left_out:
        notes.append(f"left out, being no classes: {_some(left_out)}")
    return tuple(notes)


def _numbering(classes: Sequence[str], spec: DataSpec) -> Numbering:
    if spec.class_map is None:
        return number_classes(classes, spec.class_names, f"folder:{spec.path}", REMEDY)
    numbers, names = read_class_map(spec.class_map)
    if absent := [name for name in classes if name not in numbers]:
        raise DataError(
            f"{spec.class_map}: has no label for the folder {absent[0]!r}",
            f"expected one for each folder in {spec.path}: add it",
        )
    return described_numbering(numbers, names, classes, f"by {spec.class_map}")


def _class_folders(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the folders that are classes, and of those that are none; both sorted. Raises DataError."""
    try:
        entries = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except NotADirectoryError:
        raise DataError(
            f"{folder}: is a file, expected a folder with one folder for each class", "give the folder's path"
        ) from None
    except FileNotFoundError:
        raise DataError(f"{folder}: there is no such folder", "check the path in --data") from None
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})", "check its permissions") from error
    classes = [name for name in entries if _may_be_class(name)]
    if not classes:
        raise DataError(
            f"{folder}: has no folders in it",
            suggested_spec(folder) or "expected one for each class, with its images in it",
        )
    if {name.lower() for name in classes} <= set(SPLITS):
        chosen = min(classes, key=lambda name: SPLITS.index(name.lower()))
        raise DataError(
            f"{folder}: its folders are splits of a data set ({', '.join(classes)}), not classes",
            f"give one of the splits: folder:{folder / chosen}",
        )
    return classes, [name for name in entries if not _may_be_class(name)]


def _may_be_class(name: str) -> bool:
    return name[0] != "." and name not in NO_CLASSES


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f", … ({len(names)} in all)" if len(names) > SHOWN else "")


def _images(folder: Path) -> list[str]:
    """Paths of all images below `folder`, in torchvision's order; links are followed, but no folder is read twice."""
    found: list[tuple[str, list[str]]] = []
    seen: set[tuple[int, int]] = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        about = os.stat(root)  # noqa: PTH116
        if (about.st_dev, about.st_ino) in seen:
            folders.clear()
            continue
        seen.add((about.st_dev, about.st_ino))
        folders[:] = [name for name in folders if _may_be_class(name)]
        found.append((root, sorted(name for name in names if name[0] != "." and name.lower().endswith(SUFFIXES))))
    return [f"{root}{os.sep}{name}" for root, names in sorted(found) for name in names]
