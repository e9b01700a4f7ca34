"""`folder:DIR`: a folder a class, images in it (torchvision's ImageFolder), decoded when they are needed."""

import os
import stat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.class_map import read_class_map
from thinice_tui.data.naming import samples_of
from thinice_tui.data.pictures import Geometry, Opened, Pictures
from thinice_tui.data.samples import Samples
from thinice_tui.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""torchvision's."""


def read_folder(folder: Path, geometry: Geometry, class_map: Path | None) -> Samples:
    """Class folders sorted by name, in each its images sorted by folder and name: torchvision's order and indices.

    Hidden files and folders are left out. class_map: a file of label numbers by folder name; None: the position of
    the folder among all. Raises DataError.
    """
    classes = _class_folders(folder)
    numbers, names = ({name: i for i, name in enumerate(classes)}, tuple(classes))
    if class_map is not None:
        numbers, names = read_class_map(class_map)
    files: list[str] = []
    labels: list[int] = []
    for name in classes:
        found = _images(folder / name)
        if found and name not in numbers:
            raise DataError(f"{class_map}: has no label for the folder {name!r}", f"expected one for each in {folder}")
        files += found
        labels += [numbers[name]] * len(found) if found else []
    if not files:
        raise DataError(f"{folder}: holds no images in its {len(classes)} folders", f"expected {', '.join(SUFFIXES)}")

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

    mapped = f", labels from {class_map}" if class_map else ""
    source = f"folder:{folder}, {geometry}{mapped}"
    return samples_of(Pictures(len(files), opened, geometry), np.array(labels), source, names=np.array(names))


def _class_folders(folder: Path) -> list[str]:
    try:
        entries = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != ".")
    except NotADirectoryError:
        raise DataError(f"{folder}: is a file, expected a folder with a folder a class") from None
    except FileNotFoundError:
        raise DataError(f"{folder}: there is no such folder", "check --data") from None
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})", "check its permissions") from error
    if not entries:
        raise DataError(f"{folder}: has no folders in it", "expected one a class, with its images in it")
    return entries


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
        folders[:] = [name for name in folders if name[0] != "."]
        found.append((root, sorted(name for name in names if name[0] != "." and name.lower().endswith(SUFFIXES))))
    return [f"{root}{os.sep}{name}" for root, names in sorted(found) for name in names]
