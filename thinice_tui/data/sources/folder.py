"""`folder:DIR`: a folder a class, images in it (torchvision's ImageFolder), decoded when they are needed."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.array_keys import Stored, samples_of
from thinice_tui.data.class_map import read_class_map
from thinice_tui.data.class_numbers import Numbering, mapped, number_classes
from thinice_tui.data.decoding import Geometry, Opened, Pictures
from thinice_tui.data.samples import Samples
from thinice_tui.data.sources.suggestion import suggestion
from thinice_tui.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""torchvision's."""
NO_CLASSES = frozenset({"__MACOSX", "__pycache__", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"})
"""Folders that systems and programs leave behind; hidden ones are left out, too."""
SPLITS = ("test", "val", "valid", "validation", "dev", "train", "training", "testing")
REMEDY = 'give --class-map FILE, JSON as {"cat": 3, "dog": 5}, or the folders as a list in the order of the outputs'
SHOWN = 5


def read_folder(folder: Path, geometry: Geometry, class_map: Path | None, known: Sequence[str] = ()) -> Samples:
    """Class folders sorted by name, in each its images sorted by folder and name: torchvision's order and indices.

    Hidden files and folders, and those of NO_CLASSES, are left out. class_map: a file of label numbers by folder
    name; None: as `number_classes` has it, known being the class names in the order of a model's outputs. Raises
    DataError, also for a class without images.
    """
    classes, left_out = _class_folders(folder)
    images = {name: _images(folder / name) for name in classes}
    if not any(images.values()):
        raise DataError(
            f"{folder}: holds no images in its {len(classes)} folders",
            suggestion(folder) or f"expected {', '.join(SUFFIXES)}",
        )
    if empty := [name for name, files in images.items() if not files]:
        raise DataError(
            f"{folder}: found no image for the classes {_some(empty)}",
            f"put their images there ({', '.join(SUFFIXES)}), or remove these folders",
        )
    found = _numbering(classes, folder, class_map, known)
    files = [path for name in classes for path in images[name]]
    labels = np.repeat([found.numbers[name] for name in classes], [len(images[name]) for name in classes])

    def opened(rows: NDArray[np.int64]) -> Opened:
        for row in rows.tolist():
            path = files[row]
            try:
                if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  # a pipe, opened, would block
                    raise DataError(f"{path}: is a device or a pipe, expected an image")
                stream = open(path, "rb")  # noqa: PTH123, SIM115  # whoever takes it closes it
            except OSError as error:
                raise DataError(f"{path}: cannot be read ({error.strerror})", "is it still there?") from error
            yield path, stream

    notes = [f"folders are numbered {found.how}"]
    if not found.class_names and [found.numbers[name] for name in classes] != list(range(len(classes))):
        notes.append(
            "torchvision's ImageFolder would number these folders from 0, by their order as text: where the model was "
            "trained with it, give --class-map"
        )
    if left_out:
        notes.append(f"left out, being no classes: {_some(left_out)}")
    mapped_by = f", labels from {class_map}" if class_map else ""
    pictures = Pictures(np.arange(len(files)), opened, geometry)
    source = f"folder:{folder}, {geometry}{mapped_by}"
    return samples_of(
        Stored(
            pictures,
            labels,
            source,
            class_names=found.class_names,
            notes=tuple(notes),
            remedy=REMEDY,
            classes=len(classes) if found.by_order else None,
        )
    )


def _numbering(classes: Sequence[str], folder: Path, class_map: Path | None, known: Sequence[str]) -> Numbering:
    if class_map is None:
        return number_classes(classes, known, f"folder:{folder}", REMEDY)
    numbers, names = read_class_map(class_map)
    if absent := [name for name in classes if name not in numbers]:
        raise DataError(f"{class_map}: has no label for the folder {absent[0]!r}", f"expected one for each in {folder}")
    return mapped(numbers, names, classes, f"by {class_map}")


def _class_folders(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the folders that are classes, sorted, and of those that are none."""
    try:
        entries = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except NotADirectoryError:
        raise DataError(f"{folder}: is a file, expected a folder with a folder a class") from None
    except FileNotFoundError:
        raise DataError(f"{folder}: there is no such folder", "check --data") from None
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})", "check its permissions") from error
    classes = [name for name in entries if _may_be_class(name)]
    if not classes:
        raise DataError(
            f"{folder}: has no folders in it",
            suggestion(folder) or "expected one a class, with its images in it",
        )
    if {name.lower() for name in classes} <= set(SPLITS):
        chosen = min(classes, key=lambda name: SPLITS.index(name.lower()))
        raise DataError(
            f"{folder}: its folders are splits of a data set ({', '.join(classes)}), not classes",
            f"give one of them: folder:{folder / chosen}",
        )
    return classes, [name for name in entries if not _may_be_class(name)]


def _may_be_class(name: str) -> bool:
    return name[0] != "." and name not in NO_CLASSES


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f", … ({len(names)} in all)" if len(names) > SHOWN else "")


def _images(folder: Path) -> list[str]:
    """Paths of all images below `folder`, in torchvision's order; links are followed, but into no circle."""
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
