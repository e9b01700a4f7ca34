"""The stages of one model, as far as they have come."""

import json
import sqlite3
from typing import Any

from thinice_tui.runfile.checked import NUMBER, checked
from thinice_tui.runfile.records import StageRecord
from thinice_tui.runfile.schema import first_of_batch
from thinice_tui.safe_io.printable import printable, printable_json


def read_stages(connection: sqlite3.Connection, model: int) -> tuple[StageRecord, ...]:
    """The stages of the model numbered `model` in their order; none before they are planned.

    Raises ValueError where they are not numbered from 0, or a value is of another kind than a writer writes.
    """
    done: dict[int, set[tuple[int, int]]] = {}
    query = f"SELECT ordinal, {first_of_batch(connection)}, samples FROM batch WHERE model = ?"
    for ordinal, first, samples in connection.execute(query, (model,)):
        batch = checked(first, int, "first"), checked(samples, int, "samples")
        if min(batch) < 0:
            raise ValueError(f"a batch of {samples} samples from {first} on")
        done.setdefault(ordinal, set()).add(batch)
    rows = connection.execute(
        "SELECT s.ordinal, s.name, s.parameters, s.entered, s.finished, coalesce(sum(b.samples), 0), "
        "coalesce(sum(b.forwards), 0), coalesce(sum(b.backwards), 0), coalesce(sum(b.seconds), 0.0) "
        "FROM stage s LEFT JOIN batch b USING (model, ordinal) "
        "WHERE s.model = ? GROUP BY s.ordinal ORDER BY s.ordinal",
        (model,),
    )
    stages = tuple(_stage(row, frozenset(done.get(row[0], ()))) for row in rows)
    if [stage.ordinal for stage in stages] != list(range(len(stages))):
        raise ValueError(f"stages {[stage.ordinal for stage in stages]}")
    return stages


def _stage(row: tuple[Any, ...], batches: frozenset[tuple[int, int]]) -> StageRecord:
    ordinal, name, parameters, entered, finished, attacked, forwards, backwards, seconds = row
    return StageRecord(
        ordinal=ordinal,
        name=printable(name),
        parameters=checked(printable_json(json.loads(parameters)), dict, "parameters"),
        entered=None if entered is None else checked(entered, int, "entered"),
        finished=bool(finished),
        attacked=attacked,
        batches=batches,
        forwards=checked(forwards, int, "forwards"),
        backwards=checked(backwards, int, "backwards"),
        seconds=checked(seconds, NUMBER, "seconds"),
    )
