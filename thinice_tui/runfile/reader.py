"""Every view's side of a run file: read-only, at any moment, also while an engine writes.

A connection lives only as long as one reading: an idle reader would keep the engine from folding its
write-ahead log into the one file when it ends.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import RunFileError
from thinice_tui.protocol.margins import logit_margin
from thinice_tui.protocol.pixels import as_floats
from thinice_tui.protocol.progress import Heartbeat, split_doing
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.records import (
    EngineRecord,
    Finding,
    Floats,
    Integers,
    Layer,
    ModelOutcomes,
    ModelRecord,
    Run,
    StageRecord,
)
from thinice_tui.runfile.run_info import RunInfo
from thinice_tui.runfile.schema import unpack_adversarial
from thinice_tui.safe_io.printable import printable, printable_json

CHUNK = 20_000
Rows = list[Any]


def read_run(path: Path) -> Run:
    """Everything but the images and logits, in one read transaction; raises RunFileError."""
    return RunReader(path).read()


def check_run_file(path: Path) -> None:
    """Raise RunFileError unless `path` is a run file of this version, without reading more than its head."""
    with reading(path):
        pass


class RunReader:
    """Reads one run file again and again, each time only what is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._run: Run | None = None
        self._signature: tuple[tuple[int, int] | None, ...] = ()
        self._read_to: list[tuple[int, int]] = []
        """Of each model, the last position with clean logits and the last `added` that were read."""

    def read(self) -> Run:
        """The run as it is now, the very same object while nothing has changed; raises RunFileError.

        Arrays of an earlier result are never changed. Where it raises, the next call reads the same again.
        """
        signature = tuple(_state_of(Path(f"{self._path}{suffix}")) for suffix in ("", "-wal"))
        if self._run is not None and signature == self._signature:
            return self._run
        with reading(self._path) as connection:
            table = {key: _json(value) for key, value in connection.execute("SELECT * FROM run")}
            info = RunInfo.from_table(table)
            before = self._run
            if before is not None and info.created != before.info.created:
                raise RunFileError(
                    f"{self._path}: another run has taken its place", "close this view and open the file again"
                )
            if before is None:
                labels, indices = _read_samples(connection)
                models = [_unknown(row, len(labels)) for row in connection.execute("SELECT * FROM model ORDER BY id")]
                read_to = [(-1, 0)] * len(models)
            else:
                labels, indices, models, read_to = before.labels, before.indices, list(before.models), self._read_to
            read = [
                _read_model(connection, number, model, labels, info.classes, *read_to[number])
                for number, model in enumerate(models)
            ]
            run = Run(
                path=str(self._path),
                info=info,
                labels=labels,
                indices=indices,
                class_names=info.data.class_names,
                models=tuple(model for model, _ in read),
                heartbeat=_read_heartbeat(connection),
                engine=EngineRecord(**table["engine"]) if table.get("engine") else None,
                findings=tuple(
                    Finding(**(found | {"samples": tuple(found["samples"])})) for found in table.get("findings", ())
                ),
            )
        # Only now, and all at once: what was read before an error would never be read again.
        self._run, self._read_to, self._signature = run, [mark for _, mark in read], signature
        return run


def read_image(path: Path, position: int) -> NDArray[np.uint8] | Floats:
    """The clean image at `position`: [C,H,W], uint8 in [0,255] or float32 in [0,1]."""
    with reading(path) as connection:
        return _clean_image(connection, path, position)


def read_adversarial(path: Path, model: int, position: int) -> Floats | None:
    """The adversarial image that broke `model` at `position`, [C,H,W] float32; None where none is kept."""
    with reading(path) as connection:
        query = "SELECT image FROM adversarial WHERE model = ? AND position = ?"
        row = connection.execute(query, (model, position)).fetchone()
        return None if row is None else unpack_adversarial(row[0], as_floats(_clean_image(connection, path, position)))


def read_logits_at(path: Path, model: int, position: int) -> tuple[Floats | None, Floats | None]:
    """One sample's logits [C], clean and under the worst verified image; None where there are none."""
    with reading(path) as connection:
        found = [
            connection.execute(
                f"SELECT position, logits FROM {table} WHERE model = ? AND position = ?", (model, position)
            ).fetchall()
            for table in ("clean", "outcome")
        ]
        clean, worst = ([np.frombuffer(row[1], np.float32) for row in rows] for rows in found)
    return clean[0] if clean else None, worst[0] if worst else None


def _state_of(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _clean_image(connection: sqlite3.Connection, path: Path, position: int) -> NDArray[np.uint8] | Floats:
    """Decompressed no further than its shape says, whatever the file claims."""
    data = _data(connection)
    row = connection.execute("SELECT image FROM image WHERE position = ?", (position,)).fetchone()
    if row is None:
        raise RunFileError(f"{path}: has no sample {position}")
    shape, dtype = data["shape"], data["dtype"]
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    image: NDArray[np.uint8] | Floats
    image = np.frombuffer(zlib.decompressobj().decompress(row[0], size), dtype=dtype).reshape(shape)
    return image


def _data(connection: sqlite3.Connection) -> dict[str, Any]:
    """The run's `data` entry: shape and dtype of its images among others."""
    (value,) = connection.execute("SELECT value FROM run WHERE key = 'data'").fetchone()
    data: dict[str, Any] = _json(value)
    if data["dtype"] not in ("uint8", "float32"):
        raise ValueError(f"images of type {data['dtype']}")
    return data


def _json(text: str) -> Any:
    """A JSON value with its strings made harmless: a run file may come from a stranger."""
    return printable_json(json.loads(text))


def _chunks(cursor: sqlite3.Cursor) -> Iterator[Rows]:
    while rows := cursor.fetchmany(CHUNK):
        yield rows


def _positions(rows: Rows, count: int) -> Integers:
    positions = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    if len(positions) and not (positions.min() >= 0 and positions.max() < count):
        raise IndexError(f"sample {positions.max()} of {count}")
    return positions


def _logits(rows: Rows, classes: int) -> Floats:
    return np.frombuffer(b"".join([row[1] for row in rows]), dtype=np.float32).reshape(len(rows), classes)


def _read_samples(connection: sqlite3.Connection) -> tuple[Integers, Integers]:
    """Labels and original indices, [n] each."""
    (count,) = connection.execute("SELECT count(*) FROM sample").fetchone()
    labels, indices = np.empty(count, np.int64), np.empty(count, np.int64)
    begin = 0
    for rows in _chunks(connection.execute("SELECT label, dataset_index FROM sample ORDER BY position")):
        end = begin + len(rows)
        labels[begin:end], indices[begin:end] = np.array(rows, dtype=np.int64).T
        begin = end
    return labels, indices


def _unknown(row: tuple[Any, ...], count: int) -> ModelOutcomes:
    """A model of which nothing is computed yet."""
    names = [field.name for field in fields(ModelRecord) if field.name != "layers"]
    _, *values, layers = row
    records = tuple(Layer(**(layer | {"shape": tuple(layer["shape"])})) for layer in _json(layers))
    return ModelOutcomes(
        record=ModelRecord(layers=records, **dict(zip(names, map(printable_json, values), strict=True))),
        stages=(),
        clean_prediction=np.full(count, -1, np.int32),
        clean_margin=np.full(count, np.nan, np.float32),
        worst_prediction=np.full(count, -1, np.int32),
        worst_margin=np.full(count, np.nan, np.float32),
        broken_by=np.full(count, -1, np.int16),
        distance=np.full(count, np.nan),
        boundary=np.broadcast_to(np.nan, count),  # of no size in memory, until there are distances
    )


def _read_model(
    connection: sqlite3.Connection,
    number: int,
    model: ModelOutcomes,
    labels: Integers,
    classes: int,
    clean_to: int,
    added_to: int,
) -> tuple[ModelOutcomes, tuple[int, int]]:
    """`model` with what is newer than the position `clean_to` and the batch `added_to`, and how far that reached."""
    prediction, margin = model.clean_prediction, model.clean_margin
    worst_prediction, worst_margin = model.worst_prediction, model.worst_margin
    broken_by, distance, boundary = model.broken_by, model.distance, model.boundary

    query = "SELECT position, logits FROM clean WHERE model = ? AND position > ? ORDER BY position"
    for i, rows in enumerate(_chunks(connection.execute(query, (number, clean_to)))):
        if i == 0:
            prediction, margin = prediction.copy(), margin.copy()
            worst_prediction, worst_margin = worst_prediction.copy(), worst_margin.copy()
        positions, logits = _positions(rows, len(labels)), _logits(rows, classes)
        prediction[positions] = worst_prediction[positions] = logits.argmax(axis=1)
        margin[positions] = worst_margin[positions] = logit_margin(logits, labels[positions])
        clean_to = int(positions[-1])

    query = "SELECT position, logits, broken_by, distance, added, boundary FROM outcome WHERE model = ? AND added > ?"
    for i, rows in enumerate(_chunks(connection.execute(query, (number, added_to)))):
        if i == 0:
            worst_prediction, worst_margin = worst_prediction.copy(), worst_margin.copy()
            broken_by, distance = broken_by.copy(), distance.copy()
        positions, logits = _positions(rows, len(labels)), _logits(rows, classes)
        worst_prediction[positions] = logits.argmax(axis=1)
        worst_margin[positions] = logit_margin(logits, labels[positions])
        broken_by[positions] = [-1 if row[2] is None else row[2] for row in rows]
        distance[positions] = [row[3] for row in rows]
        found = np.array([np.nan if row[5] is None else row[5] for row in rows])
        if boundary.strides != (0,) or not np.isnan(found).all():
            boundary = boundary.copy() if i == 0 or boundary.strides == (0,) else boundary
            boundary[positions] = found
        added_to = max(added_to, max(row[4] for row in rows))
    outcomes = ModelOutcomes(
        record=model.record,
        stages=_read_stages(connection, number),
        clean_prediction=prediction,
        clean_margin=margin,
        worst_prediction=worst_prediction,
        worst_margin=worst_margin,
        broken_by=broken_by,
        distance=distance,
        boundary=boundary,
    )
    return outcomes, (clean_to, added_to)


def _read_heartbeat(connection: sqlite3.Connection) -> Heartbeat | None:
    cursor = connection.execute("SELECT * FROM heartbeat")
    names = [column[0] for column in cursor.description]
    row = cursor.fetchone()
    if row is None:
        return None
    values = {name: printable_json(value) for name, value in zip(names, row, strict=True) if name != "id"}
    values["model"], values["stage"] = split_doing(values.pop("doing"))
    return Heartbeat(**values)  # version 3 has no seconds_expected


def _read_stages(connection: sqlite3.Connection, model: int) -> tuple[StageRecord, ...]:
    done: dict[int, set[int]] = {}
    for ordinal, batch in connection.execute("SELECT ordinal, batch FROM batch WHERE model = ?", (model,)):
        done.setdefault(ordinal, set()).add(batch)
    rows = connection.execute(
        "SELECT s.ordinal, s.name, s.parameters, s.entered, s.finished, coalesce(sum(b.samples), 0), "
        "coalesce(sum(b.forwards), 0), coalesce(sum(b.backwards), 0), coalesce(sum(b.seconds), 0.0) "
        "FROM stage s LEFT JOIN batch b USING (model, ordinal) "
        "WHERE s.model = ? GROUP BY s.ordinal ORDER BY s.ordinal",
        (model,),
    )
    return tuple(
        StageRecord(
            ordinal=ordinal,
            name=printable(name),
            parameters=_json(parameters),
            entered=entered,
            finished=bool(finished),
            attacked=attacked,
            batches=frozenset(done.get(ordinal, ())),
            forwards=forwards,
            backwards=backwards,
            seconds=seconds,
        )
        for ordinal, name, parameters, entered, finished, attacked, forwards, backwards, seconds in rows
    )
