"""`IMAGES.npy,LABELS.npy`, or `IMAGES.npy` with its labels beside: read on demand."""

from pathlib import Path

from thinice_tui.data.array_keys import Stored
from thinice_tui.data.disk_arrays import Array, read_npy_at
from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import check_not_another_kind, first_bytes, kind

BESIDE = (("images", "labels"), ("image", "label"), ("x", "y"), ("X", "y"), ("X", "Y"), ("data", "labels"))
EXPECTED = "a NumPy array (.npy)"


def read_npy_pair(images: Path, labels: Path | None) -> Stored:
    """Images and labels in a file each; labels None: the file beside that is named alike. Raises DataError."""
    stored = read_npy(images)
    labels = labels or _beside(images)
    return Stored(stored, read_npy(labels), f"{images},{labels}")


def read_npy(path: Path) -> Array:
    """One array, read on demand; raises DataError for whatever else a file may be."""
    check_not_another_kind(path, EXPECTED, DataError)
    head = first_bytes(path, EXPECTED, DataError)
    if not head.startswith(b"\x93NUMPY"):
        raise DataError(f"{path}: is {kind(head)}, expected {EXPECTED}", "save it with numpy.save")
    return read_npy_at(path, 0, str(path))


def _beside(images: Path) -> Path:
    names = [images.name.replace(ours, theirs) for ours, theirs in BESIDE if ours in images.stem]
    for name in [*names, "labels.npy"]:
        if name != images.name and images.with_name(name).is_file():
            return images.with_name(name)
    raise DataError(f"{images}: there are no labels beside it", f"name them: --data {images},LABELS.npy")
