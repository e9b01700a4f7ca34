"""`mnist:DIR` and `fashion-mnist:DIR`: both splits in idx files, plain or gzipped."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from thinice_tui.data.disk_arrays import Array, DiskArray
from thinice_tui.data.sources.source import DataSpec
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import DataError
from thinice_tui.safe_io.file_kind import checked_head, kind
from thinice_tui.safe_io.limits import check_unpacks, file_size

DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
UNSIGNED_BYTE = 0x08
STEMS = {"test": "t10k", "train": "train"}
"""The first part of the names of a split's files."""


def read_mnist(spec: DataSpec) -> StoredData:
    """MNIST's 10 000 test or 60 000 training images, [n,28,28], in their order. Raises DataError."""
    return _read(spec, "MNIST", DIGITS)


def read_fashion_mnist(spec: DataSpec) -> StoredData:
    """Fashion-MNIST's 10 000 test or 60 000 training images, [n,28,28], in their order. Raises DataError."""
    return _read(spec, "FashionMNIST", CLOTHES)


def find_idx(folder: Path, name: str, stem: str, kind_of_idx: str) -> Path | None:
    """The file in any of the usual places and spellings, plain before gzipped; None: there is none."""
    for place in (folder, folder / "raw", folder / name / "raw"):
        for spelling in (f"{stem}-{kind_of_idx}-ubyte", f"{stem}.{kind_of_idx}-ubyte"):
            for path in (place / spelling, place / f"{spelling}.gz"):
                if path.is_file():
                    return path
    return None


def _read(spec: DataSpec, name: str, class_names: tuple[str, ...]) -> StoredData:
    stem = STEMS[spec.split]
    images = _read_idx(_find(spec.path, name, f"{stem}-images", "idx3"), 3)
    labels = _read_idx(_find(spec.path, name, f"{stem}-labels", "idx1"), 1)
    return StoredData(images, labels, spec.source_name(), class_names=class_names)


def _find(folder: Path, name: str, stem: str, kind_of_idx: str) -> Path:
    if found := find_idx(folder, name, stem, kind_of_idx):
        return found
    raise DataError(
        f"{folder}: there is no {stem}-{kind_of_idx}-ubyte in it, plain or .gz",
        f"expected {name}'s four idx files there, in raw/ or in {name}/raw/",
    )


def _read_idx(path: Path, dimensions: int) -> Array:
    """The array of an idx file of unsigned bytes; raises DataError.

    Format: two zero bytes, the type, the number of dimensions, each dimension as big-endian uint32, the bytes.
    """
    expected = f"an idx file of bytes in {dimensions} dimensions"
    head, length = checked_head(path, expected, DataError), 4 + 4 * dimensions
    if not head.startswith(b"\x1f\x8b"):
        shape = _shape(head[:length], dimensions, path, expected)
        return DiskArray(path, length, shape, np.dtype(np.uint8))
    try:
        with gzip.open(path) as stream:
            shape = _shape(stream.read(length), dimensions, path, expected)
            size = math.prod(shape)
            check_unpacks(str(path), file_size(path), size, "unpack it with gunzip: it is then read as needed")
            raw = stream.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be unpacked ({error})", "copy or download it again") from error
    if len(raw) != size:
        raise DataError(f"{path}: does not hold the {size} bytes it claims", "copy or download it again")
    return np.frombuffer(raw, dtype=np.uint8).reshape(shape)


def _shape(head: bytes, dimensions: int, path: Path, expected: str) -> tuple[int, ...]:
    if len(head) < 4 + 4 * dimensions or head[:4] != bytes([0, 0, UNSIGNED_BYTE, dimensions]):
        raise DataError(f"{path}: is {kind(head)}, expected {expected}", "copy or download it again")
    return tuple(int(size) for size in np.frombuffer(head, dtype=">u4", offset=4, count=dimensions))
