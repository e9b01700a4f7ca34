"""The views' side of a run file: read-only, at any moment, also while an engine writes.

A connection is open for one reading only: an idle one would keep the engine from folding its write-ahead log into the
file when it ends.
"""

import sqlite3
from pathlib import Path

import numpy as np

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.connection import chunks, reading
from thinice_tui.runfile.heartbeat import read_heartbeat
from thinice_tui.runfile.read_model import ReadTo, read_models, read_new_outcomes
from thinice_tui.runfile.records import Integers, Run, Tags
from thinice_tui.runfile.run_info import RunInfo
from thinice_tui.runfile.run_records import engine_of, findings_of
from thinice_tui.runfile.run_table import read_run_table
from thinice_tui.runfile.tags import read_tags
from thinice_tui.safe_io.printable import printable, printable_json

Signature = tuple[tuple[int, int] | None, ...]


def read_run(path: Path) -> Run:
    """Everything but images and logits, in one read transaction; raises RunFileError."""
    return RunReader(path).read()


def read_run_from(connection: sqlite3.Connection, path: Path) -> Run:
    """The same through an open connection to `path`, so that more can be read of the same moment."""
    run, _ = RunReader(path)._read(connection)
    return run


def check_run_file(path: Path) -> None:
    """Raise RunFileError unless `path` is a run file of a version that is read here; reads no more than its head."""
    with reading(path):
        pass


class RunReader:
    """Reads one run file again and again, each time only what is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._run: Run | None = None
        self._signature: Signature = ()
        self._read_to: list[ReadTo] = []
        """How far each model of `_run` was read."""

    def read(self) -> Run:
        """The run as it is now, the very same object while nothing has changed; raises RunFileError.

        Arrays of an earlier result are never changed. Where it raises, the next call reads the same again.
        """
        signature = _signature(self._path)
        if self._run is not None and signature == self._signature:
            return self._run
        with reading(self._path) as connection:
            run, read_to = self._read(connection)
        # Only after the whole reading: an error before would lose what was read until then.
        self._run, self._read_to, self._signature = run, read_to, signature
        return run

    def _read(self, connection: sqlite3.Connection) -> tuple[Run, list[ReadTo]]:
        table = printable_json(read_run_table(connection))
        info, before = RunInfo.from_table(table), self._run
        if before is None:
            labels, indices = _read_samples(connection, info.classes)
            models = read_models(connection, len(labels))
            read_to = [ReadTo()] * len(models)
        elif info.created != before.info.created:
            raise RunFileError(
                f"{self._path}: another run has taken its place", "close this view and open the file again"
            )
        else:
            labels, indices, models, read_to = before.labels, before.indices, list(before.models), self._read_to
        read = [
            read_new_outcomes(connection, number, model, labels, info.classes, read_to[number])
            for number, model in enumerate(models)
        ]
        tags, tags_problem = self._tags(info)
        if len({tuple(stage.name for stage in model.stages) for model, _ in read}) > 1:
            raise ValueError("models of different stages")
        run = Run(
            path=str(self._path),
            info=info,
            labels=labels,
            indices=indices,
            class_names=info.data.class_names,
            models=tuple(model for model, _ in read),
            heartbeat=read_heartbeat(connection),
            engine=engine_of(table),
            findings=findings_of(table, len(labels)),
            tags=tags,
            tags_problem=tags_problem,
        )
        return run, [mark for _, mark in read]

    def _tags(self, info: RunInfo) -> tuple[Tags, str]:
        """The tags beside the run, and why they cannot be read; what is wrong with them is no fault of the run."""
        try:
            return read_tags(self._path, info.data.sha256), ""
        except RunFileError as error:
            return {}, printable(f"{error.what}: {error.do}")


def _signature(path: Path) -> Signature:
    """What changes whenever the file, its write-ahead log or its tags are written: time of modification and size."""
    return tuple(_state_of(Path(f"{path}{suffix}")) for suffix in ("", "-wal", ".tags"))


def _state_of(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _read_samples(connection: sqlite3.Connection, classes: int) -> tuple[Integers, Integers]:
    """Labels and original indices, int64 [n] each; raises ValueError for a label that is no class."""
    (count,) = connection.execute("SELECT count(*) FROM sample").fetchone()
    labels, indices = np.empty(count, np.int64), np.empty(count, np.int64)
    begin = 0
    for rows in chunks(connection.execute("SELECT label, dataset_index FROM sample ORDER BY position")):
        end = begin + len(rows)
        labels[begin:end], indices[begin:end] = np.array(rows, dtype=np.int64).T
        begin = end
    if count and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(f"labels from {labels.min()} to {labels.max()} of {classes} classes")
    return labels, indices
