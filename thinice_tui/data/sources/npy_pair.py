"""`IMAGES.npy,LABELS.npy`, or `IMAGES.npy` with the labels in the same folder; read on demand."""

from pathlib import Path

from thinice_tui.data.disk_arrays import Array, read_npy_at
from thinice_tui.data.sources.source import DataSpec
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import checked_head, kind
from thinice_tui.safe_io.paths import expanded

PAIRS = (("images", "labels"), ("image", "label"), ("x", "y"), ("X", "y"), ("X", "Y"), ("data", "labels"))
"""Parts of the names of files that belong together: of images, of labels."""
EXPECTED = "a NumPy array (.npy)"


def read_npy_pair(spec: DataSpec) -> StoredData:
    """Images and labels in one file each; raises DataError.

    Where no labels are named, they are in the same folder, under a name that goes with that of the images.
    """
    named_images, comma, named_labels = spec.place.partition(".npy,")
    images = expanded(f"{named_images}.npy") if comma else spec.path
    stored = read_npy(images)
    labels = expanded(named_labels) if comma else _labels_of(images)
    return StoredData(stored, read_npy(labels), f"{images},{labels}")


def read_npy(path: Path) -> Array:
    """The array of an .npy, read on demand; raises DataError."""
    head = checked_head(path, EXPECTED, DataError)
    if not head.startswith(b"\x93NUMPY"):
        raise DataError(f"{path}: is {kind(head)}, expected {EXPECTED}", "save it with numpy.save")
    return read_npy_at(path, 0, str(path))


def _labels_of(images: Path) -> Path:
    names = [images.name.replace(ours, theirs) for ours, theirs in PAIRS if ours in images.stem]
    for name in [*names, "labels.npy"]:
        if name != images.name and images.with_name(name).is_file():
            return images.with_name(name)
    raise DataError(f"{images}: there are no labels in its folder", f"name them: --data {images},LABELS.npy")
