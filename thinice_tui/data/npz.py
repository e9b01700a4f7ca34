"""`FILE.npz`: NumPy arrays under the names that people use."""

import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.samples import Samples, check_images, check_labels
from thinice_tui.errors import DataError

IMAGES = ("images", "x_test", "x", "X", "data", "test_images")
LABELS = ("labels", "y_test", "y", "Y", "targets", "test_labels")


def read_npz(path: Path) -> Samples:
    """Images, labels and, where stored, `class_names` and `indices`; nothing pickled is read."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DataError(f"{path}: is a single array", "expected an .npz with images and labels")
            images = _first(archive, IMAGES, path, "images")
            labels = _first(archive, LABELS, path, "labels")
            names = archive["class_names"] if "class_names" in archive else np.array([], dtype=str)
            indices = archive["indices"] if "indices" in archive else np.arange(len(images))
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file", "check --data, or the checkpoint's dataset entry") from None
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{path}: cannot be read ({error})", "expected a whole .npz of plain arrays (nothing pickled)"
        ) from error
    checked = check_images(images, str(path))
    return Samples(
        images=checked,
        labels=check_labels(labels, len(checked), str(path)),
        indices=check_labels(indices, len(checked), f"{path} indices"),
        class_names=tuple(str(name) for name in names.reshape(-1)),
        source=str(path),
    )


def _first(archive: "np.lib.npyio.NpzFile", names: tuple[str, ...], path: Path, what: str) -> NDArray[np.generic]:
    for name in names:
        if name in archive:
            found: NDArray[np.generic] = archive[name]
            return found
    raise DataError(
        f"{path}: no {what} in it (it holds: {', '.join(archive.files) or 'nothing'})",
        f"expected an array named one of {', '.join(names)}",
    )
