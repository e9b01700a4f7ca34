"""`FILE.parquet`: images encoded in a column, as Hugging Face data sets have them; needs the extra `parquet`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.limits import check_fits
from thinice_tui.data.naming import find_key, samples_of
from thinice_tui.data.pictures import Geometry, Opened, Pictures, streams_of
from thinice_tui.data.samples import Samples
from thinice_tui.errors import DataError
from thinice_tui.strangers import check_is_no_other_thing, first_bytes, kind, reason

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

EXPECTED = "a parquet file with encoded images and labels"


def read_parquet(path: Path, named: Mapping[str, str], geometry: Geometry) -> Samples:
    """Images of a column img{bytes,path} (or of bytes alone), and labels; images are decoded when they are read.

    Class names are those of the data set's own description, where it is there. Raises DataError.
    """
    check_is_no_other_thing(path, EXPECTED, DataError)
    head = first_bytes(path, EXPECTED, DataError)
    if not head.startswith(b"PAR1"):
        raise DataError(f"{path}: is {kind(head)}, expected {EXPECTED}", "copy or download it again")
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise DataError(
            f"{path}: reading parquet needs pyarrow, which is not installed",
            "install thinice-tui's extra `parquet`: pip install -c constraints.txt -e '.[parquet]'",
        ) from error
    try:
        file = parquet.ParquetFile(path)
        columns = list(file.schema_arrow.names)
        images, labels = (find_key(columns, what, named, path) for what in ("images", "labels"))
        rows = file.metadata.num_rows
        check_fits(str(path), 8 * rows, f"expected {EXPECTED}")
        numbers = np.asarray(file.read(columns=[labels]).column(0).to_numpy())
    except DataError:
        raise
    except Exception as error:  # pyarrow raises its own kinds and Python's
        raise DataError(f"{path}: cannot be read ({reason(error)})", f"expected {EXPECTED}, whole") from error
    if rows == 0:
        raise DataError(f"{path}: holds no samples")
    stored = _Column(file, images, path)
    names = _class_names(file, labels)
    pictures = Pictures(rows, stored.opened, geometry)
    return samples_of(pictures, numbers, f"{path}, {geometry}", names=np.array(names) if names else None)


class _Column:
    """Encoded images of one column, a row group in memory at a time."""

    def __init__(self, file: "ParquetFile", column: str, path: Path) -> None:
        self._file, self._column, self._path = file, column, path
        groups = range(file.metadata.num_row_groups)
        self._ends = np.cumsum([file.metadata.row_group(group).num_rows for group in groups])
        self._group, self._rows = -1, None

    def opened(self, rows: NDArray[np.int64]) -> Opened:
        return streams_of(self._bytes(rows))

    def _bytes(self, rows: NDArray[np.int64]) -> Iterator[tuple[str, bytes]]:
        for row in rows.tolist():
            group = int(np.searchsorted(self._ends, row, side="right"))
            if group != self._group:
                self._rows, self._group = self._read(group), group
            start = int(self._ends[group - 1]) if group else 0
            yield f"{self._path} row {row}", self._one(self._rows, row - start, row)

    def _read(self, group: int) -> Any:
        name = f"{self._path} row group {group}"
        check_fits(name, self._file.metadata.row_group(group).total_byte_size, "write it with smaller row groups")
        try:
            return self._file.read_row_group(group, columns=[self._column]).column(0)
        except Exception as error:
            raise DataError(f"{name}: cannot be read ({reason(error)})", "copy or download it again") from error

    def _one(self, column: Any, at: int, row: int) -> bytes:
        try:
            value = column[at].as_py()
        except Exception as error:
            raise DataError(f"{self._path} row {row}: cannot be read ({reason(error)})") from error
        found = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(found, bytes):
            raise DataError(
                f"{self._path} row {row}: {self._column} holds no bytes of an image",
                "expected images in the file itself, as img{bytes,path}, not paths of others",
            )
        return found


def _class_names(file: "ParquetFile", column: str) -> list[str]:
    """What Hugging Face's description in the file says; [] where there is none that makes sense."""
    try:
        described = json.loads((file.schema_arrow.metadata or {})[b"huggingface"])
        names = described["info"]["features"][column]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return []
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []
