"""The stages of one model, as far as they have come."""

import json
import sqlite3
from typing import Any

from thinice_tui.runfile.checked import NUMBER, checked
from thinice_tui.runfile.records import StageRecord
from thinice_tui.safe_io.printable import printable, printable_json


def read_stages(connection: sqlite3.Connection, model: int) -> tuple[StageRecord, ...]:
    """The stages of the model numbered `model` in their order; none before they are planned.

    Raises ValueError where they are not numbered from 0, or a value is of another kind than a writer writes.
    """
    done: dict[int, set[int]] = {}
    for ordinal, batch in connection.execute("SELECT ordinal, batch FROM batch WHERE model = ?", (model,)):
        done.setdefault(ordinal, set()).add(checked(batch, int, "batch"))
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


def _stage(row: tuple[Any, ...], batches: frozenset[int]) -> StageRecord:
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
