"""Arrays with a row a sample in a file for other programs, NAME.npz or NAME.csv, and read again.

`about`, how they were made, is JSON: an array of one text in the .npz, in the CSV the first cell of the last column.
"""

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import DataError, ThiniceError, UsageError, reason
from thinice_tui.safe_io.atomic_write import check_writable, write_whole
from thinice_tui.safe_io.file_kind import checked_head, kind
from thinice_tui.safe_io.limits import check_fits, file_size
from thinice_tui.safe_io.npz_member import unpack_member
from thinice_tui.safe_io.paths import same_file
from thinice_tui.safe_io.printable import printable_json

Arrays = dict[str, NDArray[Any]]
Columns = Mapping[str, NDArray[Any]]
SUFFIXES = (".npz", ".csv")
ABOUT = "about"
TYPES: Mapping[str, type[np.generic]] = {
    "sample": np.int64,
    "label": np.int64,
    "prediction": np.int64,
    "margin": np.float32,
    "attacked_margin": np.float32,
    "robust": np.bool_,
    "weight": np.float32,
}
"""Every column with its type. `sample` is the index in the original data, as in the other exports."""
LONGEST_CELL = 2**20
TEXT_SHARE = 20
"""Bytes in memory for each byte of a CSV while it is read."""


def check_array_path(option: str, path: Path, kept: Sequence[Path | None] = ()) -> None:
    """Raise UsageError unless `path` is NAME.npz or NAME.csv and none of `kept`, files that the command reads.

    Raises ThiniceError where it cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{option} is {path}, expected NAME{SUFFIXES[0]} or NAME{SUFFIXES[1]}")
    if any(own is not None and same_file(path, own) for own in kept):
        raise UsageError(f"{option} {path} would replace a file that this command reads", "give another name")
    try:
        check_writable(path)
    except OSError as error:
        raise ThiniceError(
            f"{option} {path}: cannot be written ({error.strerror})",
            "expected a file in a folder that is there and writable",
        ) from error


def write_arrays(path: Path, columns: Columns, about: Mapping[str, Any]) -> None:
    """Write columns [n] by name, whole or not at all, in the format that the suffix says; raises ThiniceError."""
    if path.suffix.lower() == ".csv":
        text = _csv(columns, json.dumps(about, allow_nan=False))
        _write(path, lambda stream: stream.write(text.encode()))
    else:
        write_npz_arrays(path, columns, about)


def write_npz_arrays(path: Path, columns: Columns, about: Mapping[str, Any]) -> None:
    """The same as an .npz, whatever the suffix."""
    arrays: Arrays = {**columns, ABOUT: np.array(json.dumps(about, allow_nan=False))}
    _write(path, lambda stream: np.savez_compressed(stream, **arrays))  # type: ignore[arg-type]


def _write(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    try:
        write_whole(path, fill)
    except OSError as error:
        raise ThiniceError(f"{path}: cannot be written ({error.strerror})", "make space there, and repeat") from error


def read_arrays(path: Path, needed: Sequence[str], expected: str) -> tuple[Arrays, dict[str, Any]]:
    """The columns [n] that the file has of TYPES, and `about`; raises DataError. Nothing is unpickled.

    needed: columns that must be there. expected: what the file should be, as in "expected {expected}".
    """
    head = checked_head(path, expected, DataError)
    found, about = read_npz_arrays(path, expected) if head.startswith(b"PK") else _from_csv(path, head, expected)
    missing = [name for name in needed if name not in found]
    if missing:
        raise DataError(f"{path}: has no column {', '.join(missing)}", f"expected {expected}")
    if len({len(column) for column in found.values()}) != 1 or not len(found[needed[0]]):
        raise DataError(f"{path}: its columns are empty, or of different lengths", f"expected {expected}")
    if len(np.unique(found["sample"])) != len(found["sample"]) or (found["sample"] < 0).any():
        raise DataError(f"{path}: its samples are not distinct numbers from 0", f"expected {expected}")
    for name, column in found.items():
        if not np.isfinite(column).all():
            raise DataError(f"{path}: {name} has values that are NaN or infinite", "measure the margins again")
    return found, about


def read_npz_arrays(path: Path, expected: str) -> tuple[Arrays, dict[str, Any]]:
    """The columns of TYPES and `about` of an .npz, NaN included; raises DataError."""
    head, found, text = checked_head(path, expected, DataError), Arrays(), ""
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                if name in TYPES:
                    found[name] = _typed(unpack_member(archive, info, f"{path}: {name}", "free memory"), name, path)
                elif name == ABOUT:
                    stored = unpack_member(archive, info, f"{path}: {name}", "free memory")
                    text = str(stored) if stored.dtype.kind == "U" and stored.shape == () else "?"
    except (OSError, EOFError, ValueError, zlib.error, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: is {kind(head)} that cannot be read ({reason(error)})", f"expected {expected}"
        ) from error
    return found, _about(text, path, expected)


def _about(text: str, path: Path, expected: str) -> dict[str, Any]:
    """What the file says of itself, its strings made harmless; empty where it says nothing. Raises DataError."""
    try:
        about = printable_json(json.loads(text or "{}"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: what it says of itself is not JSON", f"expected {expected}") from error
    return about if isinstance(about, dict) else {}


def _csv(columns: Columns, about: str) -> str:
    """A plain table; floats have the 9 digits that give the same float32 again."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*columns, ABOUT])
    cells = [
        [f"{value:.9g}" for value in column.tolist()] if column.dtype.kind == "f" else column.astype(np.int64).tolist()
        for column in columns.values()
    ]
    for number, row in enumerate(zip(*cells, strict=True)):
        writer.writerow([*row, about if number == 0 else ""])
    return stream.getvalue()


def _from_csv(path: Path, head: bytes, expected: str) -> tuple[Arrays, dict[str, Any]]:
    if kind(head) != "text":
        raise DataError(f"{path}: is {kind(head)}", f"expected {expected}")
    check_fits(str(path), TEXT_SHARE * file_size(path), "free memory, or take the .npz")
    csv.field_size_limit(LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream)
            header = next(rows, [])
            wanted = {name: header.index(name) for name in (*TYPES, ABOUT) if name in header}
            cells: dict[str, list[str]] = {name: [] for name in wanted}
            for row in rows:
                for name, place in wanted.items():
                    cells[name].append(row[place])
        text = next(iter(cells.pop(ABOUT, [])), "")
        found = {name: _typed(_numbers(column, name), name, path) for name, column in cells.items()}
    except (OSError, ValueError, IndexError, OverflowError, csv.Error) as error:
        raise DataError(f"{path}: is no table of margins ({reason(error)})", f"expected {expected}") from error
    return found, _about(text, path, expected)


def _numbers(cells: Sequence[str], name: str) -> NDArray[Any]:
    """One by one: an array of texts would take the length of the longest cell for each."""
    if TYPES[name] is np.float32:
        return np.array([float(cell) for cell in cells], dtype=np.float64)
    return np.array([int(cell) for cell in cells], dtype=np.int64)


def _typed(array: NDArray[Any], name: str, path: Path) -> NDArray[Any]:
    """The column in its own type; raises DataError for another shape, and for what is no number."""
    numbers = "biu" if TYPES[name] is not np.float32 else "biuf"
    if array.ndim != 1 or array.dtype.kind not in numbers:
        raise DataError(f"{path}: {name} is an array of {array.dtype} and shape {array.shape}", "expected numbers [n]")
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, which no margin is
        return array.astype(TYPES[name])
