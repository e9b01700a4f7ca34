"""Selects samples of a data set by indices, classes, a shuffled order and a number, in that order."""

import csv
import io
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.disk_arrays import load_whole
from thinice_tui.data.layout import evenly_spaced
from thinice_tui.data.samples import Samples
from thinice_tui.data.sources.npy_pair import read_npy
from thinice_tui.data.text_file import check_text_file
from thinice_tui.errors import DataError, UsageError
from thinice_tui.protocol.data_options import DataOptions
from thinice_tui.safe_io.file_kind import checked_head

EXPECTED = "a list of original indices: one a line, CSV with a column `sample` or `index`, JSON, or a NumPy array"
COLUMNS = ("sample", "index", "indices", "id")
MAX_BYTES = 512 * 2**20
SHOWN = 12
"""The most classes that a message names."""


def select(samples: Samples, options: DataOptions, count: int | None) -> Samples:
    """The samples that the options name; each keeps its index in the original data. Raises DataError and UsageError.

    First the indices, in the order of their file; of these the classes; then the shuffle; then the first `count`
    (None: all). Some of the selected images, evenly spaced, are read and checked; no other image is read.
    """
    if options.indices is not None:
        rows = _rows_of(read_indices(options.indices), samples, options.indices)
        samples = samples.take(rows, f"the {len(rows)} of {options.indices}")
    if options.classes is not None:
        labels = find_classes(options.classes, samples)
        samples = samples.take(np.flatnonzero(np.isin(samples.labels, labels)), f"classes {options.classes}")
    if options.shuffle is not None:
        order = np.argsort(shuffled_keys(samples.indices, options.shuffle), kind="stable")
        samples = samples.take(order, f"shuffled with seed {options.shuffle}")
    samples = samples.first(count)
    samples.images[evenly_spaced(len(samples))]  # raises DataError for damaged images, before anything takes long
    return samples


def find_classes(typed: str, samples: Samples) -> list[int]:
    """Label numbers of `cat,dog` or `3,5`; a number is read as a label, not as a name. Raises UsageError."""
    names = {name: label for label, name in reversed(list(enumerate(samples.class_names)))}
    found = []
    for word in (part.strip() for part in typed.split(",")):
        label = int(word) if word.isdecimal() and len(word) < 10 else names.get(word)
        if label is None:
            label = {name.lower(): number for name, number in names.items()}.get(word.lower())
        if label is None or not bool((samples.labels == label).any()):
            there = np.unique(samples.labels)
            known = [samples.class_names[i] if i < len(samples.class_names) else str(i) for i in there[:SHOWN].tolist()]
            more = ", …" if len(there) > SHOWN else ""
            raise UsageError(
                f"--classes: {samples.source} has no samples of {word!r}",
                f"expected names, or numbers from {there[0]} to {there[-1]}: {', '.join(known)}{more}",
            )
        found.append(label)
    return found


def shuffled_keys(indices: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """A sort key for each index, from the index and the seed alone; sorting by it shuffles. uint64, of indices' shape.

    splitmix64 (Steele, Lea and Flood 2014) is one to one, so that no two keys are equal. It needs no library's
    generator: the same seed selects the same samples with every version, whatever else was selected before.
    """
    step = np.uint64(0x9E3779B97F4A7C15)

    def mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
        with np.errstate(over="ignore"):
            x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            return x ^ (x >> np.uint64(31))

    with np.errstate(over="ignore"):
        start = mixed(np.array([seed], dtype=np.uint64) + step)
        return mixed(indices.astype(np.uint64) * step + start)


def read_indices(path: Path) -> NDArray[np.int64]:
    """Original indices, int64, in the file's order; raises DataError.

    Text: one or several a line; # begins a comment. CSV: the column `sample` or `index`. JSON: a list of numbers,
    a list of objects with `sample` or `index`, or an object with such a list under `samples` or `indices`. NumPy:
    whole numbers [n] in an .npy. Every list that thinice-tui exports can be read.
    """
    head = checked_head(path, EXPECTED, DataError)
    if head.startswith(b"\x93NUMPY"):
        return _from_npy(path)
    remedy = "save the indices with numpy.save, or as text"
    check_text_file(path, head, "list of indices", EXPECTED, MAX_BYTES, remedy)
    try:
        written = path.read_text(encoding="utf-8-sig")
        found = _from_json(written) if written.lstrip()[:1] in ("[", "{") else _from_text(written)
        if not all(type(index) is int and 0 <= index < 2**63 for index in found):
            raise ValueError("indices are whole numbers from 0")
    except (OSError, ValueError, TypeError, IndexError, RecursionError, csv.Error) as error:
        raise DataError(f"{path}: is no list of indices ({error})", f"expected {EXPECTED}") from error
    if not found:
        raise DataError(f"{path}: names no indices", f"expected {EXPECTED}")
    return np.array(found, dtype=np.int64)


def _rows_of(wanted: NDArray[np.int64], samples: Samples, path: Path) -> NDArray[np.int64]:
    """The positions in `samples` of the original indices `wanted`; raises DataError."""
    values, counts = np.unique(wanted, return_counts=True)
    if len(values) != len(wanted):
        raise DataError(f"{path}: names {values[counts > 1][0]} more than once", "remove the repetitions")
    order = np.argsort(samples.indices, kind="stable")
    at = np.searchsorted(samples.indices, wanted, sorter=order)
    rows = order[np.minimum(at, len(order) - 1)]
    unknown = wanted[samples.indices[rows] != wanted]
    if len(unknown):
        shown = ", ".join(str(index) for index in unknown[:5].tolist()) + (", …" if len(unknown) > 5 else "")
        raise DataError(
            f"{path}: names {len(unknown)} indices that are not in {samples.source}: {shown}",
            f"there are {len(samples)}, from {samples.indices.min()} to {samples.indices.max()}: "
            "is the list one of this data set?",
        )
    return rows


def _from_npy(path: Path) -> NDArray[np.int64]:
    found = read_npy(path)
    if found.dtype.kind == "b":
        raise DataError(f"{path}: is a mask of {len(found)} rows, expected {EXPECTED}", "save numpy.flatnonzero(mask)")
    if found.dtype.kind not in "iu" or len(found.shape) != 1:
        raise DataError(
            f"{path}: is an array of {found.dtype} and shape {found.shape}, expected whole numbers [n]",
            f"expected {EXPECTED}",
        )
    indices = load_whole(found, str(path))
    if not len(indices):
        raise DataError(f"{path}: names no indices", f"expected {EXPECTED}")
    if int(indices.min()) < 0 or int(indices.max()) >= 2**63:
        raise DataError(f"{path}: is no list of indices (indices are whole numbers from 0)", f"expected {EXPECTED}")
    return indices.astype(np.int64)


def _from_json(written: str) -> list[int]:
    stored = json.loads(written)
    if isinstance(stored, dict):
        stored = next((stored[key] for key in ("samples", "indices") if isinstance(stored.get(key), list)), None)
    if not isinstance(stored, list):
        raise TypeError("no list of `samples` or `indices` in it")
    return [_index_of(item) if isinstance(item, dict) else item for item in stored]


def _index_of(item: dict[str, object]) -> int:
    found = next((item[key] for key in COLUMNS if key in item), None)
    if type(found) is not int:
        raise TypeError(f"an entry without {' or '.join(COLUMNS[:2])}")
    return found


def _from_text(written: str) -> list[int]:
    lines = [plain for line in written.splitlines() if (plain := line.split("#")[0].strip())]
    header = [name.strip().strip('"').lower() for name in lines[0].split(",")] if lines else []
    if any(name in COLUMNS for name in header):
        column = next(header.index(name) for name in COLUMNS if name in header)
        rows = csv.reader(io.StringIO(written))
        next(rows)
        return [int(row[column]) for row in rows if row]
    return [int(word) for line in lines for word in line.replace(",", " ").split()]
