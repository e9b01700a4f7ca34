"""`FILE.parquet`: encoded images in a column, as in Hugging Face data sets; needs the extra `parquet`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.data.array_keys import find_key, other_labels
from thinice_tui.data.encoded_images import EncodedImages, NamedStreams, byte_streams
from thinice_tui.data.sources.source import DataSpec
from thinice_tui.data.stored_data import StoredData
from thinice_tui.errors import DataError, reason
from thinice_tui.safe_io.file_kind import checked_head, kind
from thinice_tui.safe_io.limits import check_fits

if TYPE_CHECKING:
    from pyarrow import ChunkedArray
    from pyarrow.parquet import ParquetFile

EXPECTED = "a parquet file with encoded images and labels"


def read_parquet(spec: DataSpec) -> StoredData:
    """Images of a column img{bytes,path} or of plain bytes, decoded when they are needed, and labels.

    Labels are numbers or text. Class names come from Hugging Face's description in the file, where there is one.
    Raises DataError.
    """
    path, named = spec.path, spec.named
    head = checked_head(path, EXPECTED, DataError)
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
        numbers = _labels(file.read(columns=[labels]).column(0), labels, path)
    except DataError:
        raise
    except Exception as error:  # pyarrow raises its own kinds and Python's
        raise DataError(f"{path}: cannot be read ({reason(error)})", f"expected {EXPECTED}, whole") from error
    if rows == 0:
        raise DataError(f"{path}: holds no samples", "expected at least one row")
    stored = _Column(file, images, path)
    encoded = EncodedImages(np.arange(rows), stored.streams, spec.geometry)
    names = _class_names(file, labels)
    others = other_labels(columns, labels, named)
    return StoredData(encoded, numbers, f"{path}, {spec.geometry}", None, names, *others)


def _labels(column: "ChunkedArray", name: str, path: Path) -> NDArray[Any]:
    """Labels as numbers, or texts as objects; raises DataError for missing labels and for other types."""
    import pyarrow
    from pyarrow import types

    if column.null_count:
        row = column.is_null().index(pyarrow.scalar(True)).as_py()
        raise DataError(
            f"{path}: {column.null_count} of {len(column)} labels ({name}) are missing, the first in row {row}",
            "remove those rows, or label them",
        )
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if types.is_string(kind) or types.is_large_string(kind):
        return np.array(column.to_pylist(), dtype=object)
    if not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)):
        raise DataError(
            f"{path}: labels ({name}) are {str(kind)[:80]}",
            "expected a number or a class name in each row: name another column with #labels=KEY",
        )
    return np.asarray(column.to_numpy())


class _Column:
    """Encoded images of one column; one row group is in memory at a time."""

    def __init__(self, file: "ParquetFile", column: str, path: Path) -> None:
        self._file, self._column, self._path = file, column, path
        groups = range(file.metadata.num_row_groups)
        self._ends = np.cumsum([file.metadata.row_group(group).num_rows for group in groups])
        self._group, self._rows = -1, None

    def streams(self, rows: NDArray[np.int64]) -> NamedStreams:
        """Names and streams of the encoded images at `rows` [b]."""
        return byte_streams(self._bytes(rows))

    def _bytes(self, rows: NDArray[np.int64]) -> Iterator[tuple[str, bytes]]:
        for row in rows.tolist():
            group = int(np.searchsorted(self._ends, row, side="right"))
            if group != self._group:
                self._rows, self._group = self._read(group), group
            start = int(self._ends[group - 1]) if group else 0
            yield f"{self._path} row {row}", self._one(self._rows, row - start, row)

    def _read(self, group: int) -> Any:
        name = f"{self._path} row group {group}"
        check_fits(name, self._file.metadata.row_group(group).total_byte_size, "write the file with smaller row groups")
        try:
            return self._file.read_row_group(group, columns=[self._column]).column(0)
        except Exception as error:
            raise DataError(f"{name}: cannot be read ({reason(error)})", "copy or download it again") from error

    def _one(self, column: Any, at: int, row: int) -> bytes:
        try:
            value = column[at].as_py()
        except Exception as error:
            raise DataError(f"{self._path} row {row}: cannot be read ({reason(error)})", "remove that row") from error
        if value is None:
            raise DataError(f"{self._path} row {row}: has no image ({self._column} is null)", "remove that row")
        found = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(found, bytes):
            raise DataError(
                f"{self._path} row {row}: {self._column} holds no bytes of an image",
                "store the images in the file itself, as img{bytes,path}, and not as paths of other files",
            )
        return found


def _class_names(file: "ParquetFile", column: str) -> tuple[str, ...]:
    """Class names in Hugging Face's description in the file's metadata; empty: there is no valid one."""
    try:
        described = json.loads((file.schema_arrow.metadata or {})[b"huggingface"])
        names = described["info"]["features"][column]["names"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
    return tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else ()
