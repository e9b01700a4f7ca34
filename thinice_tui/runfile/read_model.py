"""The models of a run file and their outcomes: the first reading, and what is new since an earlier one."""

import json
import sqlite3
from dataclasses import dataclass, fields, replace
from itertools import compress
from typing import Any

import numpy as np

from thinice_tui.protocol.margins import logit_margin
from thinice_tui.runfile.checked import NUMBER, checked, field
from thinice_tui.runfile.connection import Rows, chunks
from thinice_tui.runfile.read_stages import read_stages
from thinice_tui.runfile.records import Floats, Integers, Layer, ModelOutcomes, ModelRecord
from thinice_tui.safe_io.printable import printable_json


@dataclass(frozen=True)
class ReadTo:
    """How far a model was read: the position before the first without clean logits, and the last `added`."""

    clean: int = -1
    added: int = 0


def read_models(connection: sqlite3.Connection, count: int) -> list[ModelOutcomes]:
    """Every model's record, with no outcome of its `count` samples yet."""
    models = [_without_outcomes(row, count) for row in connection.execute("SELECT * FROM model ORDER BY id")]
    if not models:
        raise ValueError("no model")
    return models


def read_new_outcomes(
    connection: sqlite3.Connection, number: int, model: ModelOutcomes, labels: Integers, classes: int, read_to: ReadTo
) -> tuple[ModelOutcomes, ReadTo]:
    """`model` with the outcomes that are newer than `read_to`, and how far these were read.

    number: the model's in the file; labels: [n]. Arrays of `model` are never changed: those with new values are copies.
    """
    model, clean_to = _add_clean(connection, number, model, labels, classes, read_to.clean)
    model, added_to = _add_outcomes(connection, number, model, labels, classes, read_to.added)
    stages = read_stages(connection, number)
    if model.broken_by.max(initial=-1) >= len(stages) or model.broken_by.min(initial=-1) < -1:
        raise IndexError(f"stage {model.broken_by.max()} of {len(stages)}")
    return replace(model, stages=stages), ReadTo(clean_to, added_to)


def _without_outcomes(row: tuple[Any, ...], count: int) -> ModelOutcomes:
    return ModelOutcomes(
        record=_record(row),
        stages=(),
        clean_prediction=np.full(count, -1, np.int32),
        clean_margin=np.full(count, np.nan, np.float32),
        worst_prediction=np.full(count, -1, np.int32),
        worst_margin=np.full(count, np.nan, np.float32),
        broken_by=np.full(count, -1, np.int16),
        distance=np.full(count, np.nan),
        boundary=np.broadcast_to(np.nan, count),  # takes no memory until there are distances
    )


def _record(row: tuple[Any, ...]) -> ModelRecord:
    """The record in a row of the model table, whose columns are an id and the record's fields in their order."""
    names = [one.name for one in fields(ModelRecord)]
    _, *values = row
    stored = dict(zip(names, map(printable_json, values), strict=True))
    for name, value in stored.items():
        checked(value, int if name == "parameters" else NUMBER if name.startswith("sparsity") else str, name)
    layers = printable_json(json.loads(stored.pop("layers")))
    return ModelRecord(layers=tuple(_layer(layer) for layer in checked(layers, list, "layers")), **stored)


def _layer(stored: dict[str, Any]) -> Layer:
    shape = tuple(checked(size, int, "shape") for size in field(stored, "shape", list))
    weights, zeros = field(stored, "weights", int), field(stored, "zeros", int)
    return Layer(field(stored, "name", str), field(stored, "kind", str), shape, weights, zeros)


def _add_clean(
    connection: sqlite3.Connection, number: int, model: ModelOutcomes, labels: Integers, classes: int, read_to: int
) -> tuple[ModelOutcomes, int]:
    """`model` with the clean predictions behind the position `read_to`, and up to where none is missing.

    Several workers finish batches in any order.
    """
    prediction, margin = model.clean_prediction, model.clean_margin
    worst_prediction, worst_margin = model.worst_prediction, model.worst_margin
    query = "SELECT position, logits FROM clean WHERE model = ? AND position > ? ORDER BY position"
    for rows in chunks(connection.execute(query, (number, read_to))):
        new = model.clean_prediction[_positions(rows, len(labels))] < 0
        if not new.any():
            continue
        rows = rows if new.all() else list(compress(rows, new))
        if prediction is model.clean_prediction:
            prediction, margin = prediction.copy(), margin.copy()
            worst_prediction, worst_margin = worst_prediction.copy(), worst_margin.copy()
        positions, logits = _positions(rows, len(labels)), _logits(rows, classes)
        prediction[positions] = worst_prediction[positions] = logits.argmax(axis=1)
        margin[positions] = worst_margin[positions] = logit_margin(logits, labels[positions])
    missing = np.flatnonzero(prediction < 0)
    read_to = (int(missing[0]) if len(missing) else len(labels)) - 1
    added = replace(
        model,
        clean_prediction=prediction,
        clean_margin=margin,
        worst_prediction=worst_prediction,
        worst_margin=worst_margin,
    )
    return added, read_to


def _add_outcomes(
    connection: sqlite3.Connection, number: int, model: ModelOutcomes, labels: Integers, classes: int, read_to: int
) -> tuple[ModelOutcomes, int]:
    """`model` with the outcomes of batches behind the `added` of `read_to`, and the last `added`."""
    prediction, margin = model.worst_prediction, model.worst_margin
    broken_by, distance, boundary = model.broken_by, model.distance, model.boundary
    query = "SELECT position, logits, broken_by, distance, added, boundary FROM outcome WHERE model = ? AND added > ?"
    for i, rows in enumerate(chunks(connection.execute(query, (number, read_to)))):
        if i == 0:
            prediction, margin = prediction.copy(), margin.copy()
            broken_by, distance = broken_by.copy(), distance.copy()
        positions, logits = _positions(rows, len(labels)), _logits(rows, classes)
        prediction[positions] = logits.argmax(axis=1)
        margin[positions] = logit_margin(logits, labels[positions])
        broken_by[positions] = [-1 if row[2] is None else row[2] for row in rows]
        distance[positions] = [row[3] for row in rows]
        found = np.array([np.nan if row[5] is None else row[5] for row in rows])
        if boundary.strides != (0,) or not np.isnan(found).all():
            boundary = boundary.copy() if i == 0 or boundary.strides == (0,) else boundary
            boundary[positions] = found
        read_to = max(read_to, max(row[4] for row in rows))
    added = replace(
        model,
        worst_prediction=prediction,
        worst_margin=margin,
        broken_by=broken_by,
        distance=distance,
        boundary=boundary,
    )
    return added, read_to


def _positions(rows: Rows, count: int) -> Integers:
    """The positions of these rows, [k]; raises IndexError for one that the run has no sample at."""
    positions = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    if len(positions) and not (positions.min() >= 0 and positions.max() < count):
        raise IndexError(f"sample {positions.max()} of {count}")
    return positions


def _logits(rows: Rows, classes: int) -> Floats:
    """The logits of these rows, float32 [k,C]; raises ValueError for another number of classes."""
    return np.frombuffer(b"".join([row[1] for row in rows]), dtype=np.float32).reshape(len(rows), classes)
