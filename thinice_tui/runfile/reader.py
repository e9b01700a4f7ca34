"""Every view's side of a run file: read-only, at any moment, also while an engine writes."""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.errors import RunFileError
from thinice_tui.printable import printable, printable_json
from thinice_tui.runfile.records import Floats, LayerRecord, ModelOutcomes, ModelRecord, Run, StageRecord
from thinice_tui.runfile.schema import check_recognised, read_logits


def read_run(path: Path) -> Run:
    """Everything but the images, in one read transaction; raises RunFileError."""
    with _connected(path) as connection:
        about: dict[str, Any] = {key: _json(value) for key, value in connection.execute("SELECT * FROM run")}
        rows = connection.execute("SELECT label, dataset_index FROM sample ORDER BY position").fetchall()
        labels = np.array([row[0] for row in rows], dtype=np.int64)
        indices = np.array([row[1] for row in rows], dtype=np.int64)
        models = tuple(
            _read_model(connection, row, labels, int(about["classes"]))
            for row in connection.execute("SELECT * FROM model ORDER BY id").fetchall()
        )
        names = tuple(about["data"]["class_names"])
    return Run(str(path), about, labels, indices, names, models)


def read_image(path: Path, position: int) -> NDArray[np.uint8] | Floats:
    """The clean image at `position`: [C,H,W], uint8 in [0,255] or float32 in [0,1]."""
    with _connected(path) as connection:
        data = _data(connection)
        row = connection.execute("SELECT image FROM sample WHERE position = ?", (position,)).fetchone()
    if row is None:
        raise RunFileError(f"{path}: has no sample {position}")
    return np.frombuffer(zlib.decompress(row[0]), dtype=data["dtype"]).reshape(data["shape"])


def read_adversarial(path: Path, model: int, position: int) -> Floats | None:
    """The adversarial image that broke `model` at `position`, [C,H,W] float32; None where none is kept."""
    with _connected(path) as connection:
        data = _data(connection)
        row = connection.execute(
            "SELECT image FROM outcome WHERE model = ? AND position = ?", (model, position)
        ).fetchone()
    if row is None or row[0] is None:
        return None
    return np.frombuffer(zlib.decompress(row[0]), dtype=np.float32).reshape(data["shape"])


def _data(connection: sqlite3.Connection) -> dict[str, Any]:
    """The run's `data` entry: shape and dtype of its images among others."""
    (value,) = connection.execute("SELECT value FROM run WHERE key = 'data'").fetchone()
    data: dict[str, Any] = _json(value)
    return data


def _json(text: str) -> Any:
    """A JSON value with its strings made harmless: a run file may come from a stranger."""
    return printable_json(json.loads(text))


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise RunFileError(f"{path}: there is no such run file", "`thinice-tui compare` makes one, see --run")
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        connection.row_factory = sqlite3.Row
        try:
            check_recognised(connection, str(path))
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise RunFileError(
            f"{path}: cannot be read ({error})", "it may be damaged, or its folder be read-only with a run going on"
        ) from error


def _read_model(
    connection: sqlite3.Connection, row: sqlite3.Row, labels: NDArray[np.int64], classes: int
) -> ModelOutcomes:
    number, count = row["id"], len(labels)
    layers = tuple(LayerRecord(**(layer | {"shape": tuple(layer["shape"])})) for layer in _json(row["layers"]))
    fields = {key: printable_json(row[key]) for key in tuple(row.keys()) if key not in ("id", "layers")}
    clean = read_logits(connection, "clean", number, (count, classes))
    worst = read_logits(connection, "outcome", number, (count, classes))
    worst = np.where(np.isnan(worst), clean, worst)
    distance = np.full(count, np.nan)
    broken_by = np.full(count, -1, dtype=np.int64)
    query = "SELECT position, broken_by, distance FROM outcome WHERE model = ?"
    for position, ordinal, found in connection.execute(query, (number,)):
        distance[position] = found
        broken_by[position] = -1 if ordinal is None else ordinal
    return ModelOutcomes(
        record=ModelRecord(layers=layers, **fields),
        stages=_read_stages(connection, number),
        clean_logits=clean,
        broken_by=broken_by,
        worst_logits=worst,
        distance=distance,
    )


def _read_stages(connection: sqlite3.Connection, model: int) -> tuple[StageRecord, ...]:
    rows = connection.execute(
        "SELECT s.ordinal, s.name, s.parameters, s.entered, s.finished, coalesce(sum(b.samples), 0) AS attacked, "
        "coalesce(sum(b.forwards), 0) AS forwards, coalesce(sum(b.backwards), 0) AS backwards, "
        "coalesce(sum(b.seconds), 0.0) AS seconds FROM stage s LEFT JOIN batch b USING (model, ordinal) "
        "WHERE s.model = ? GROUP BY s.ordinal ORDER BY s.ordinal",
        (model,),
    )
    return tuple(
        StageRecord(
            ordinal=row["ordinal"],
            name=printable(row["name"]),
            parameters=_json(row["parameters"]),
            entered=row["entered"],
            finished=bool(row["finished"]),
            attacked=row["attacked"],
            forwards=row["forwards"],
            backwards=row["backwards"],
            seconds=row["seconds"],
        )
        for row in rows
    )
