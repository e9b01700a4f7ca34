"""The heartbeat table: one row that says what the engine does now. With several workers, one row for each beside it."""

import sqlite3
import time
from collections.abc import Sequence

from thinice_tui.protocol.progress import Heartbeat, WorkerState, split_doing
from thinice_tui.runfile.checked import NUMBER, checked
from thinice_tui.runfile.schema import WORKER_TABLE
from thinice_tui.safe_io.printable import printable_json

Statement = tuple[str, tuple[object, ...]]


def starting_heartbeat(doing: str) -> Statement:
    """The statement, with its values, that writes the heartbeat of an engine before its first forward pass."""
    return (
        "INSERT OR REPLACE INTO heartbeat (id, at, state, doing, done, total, rate) VALUES (1, ?, ?, ?, 0, 0, 0)",
        (time.time(), "starting", doing),
    )


def heartbeat_statement(beat: Heartbeat) -> Statement:
    """The statement, with its values, that writes `beat`; its samples are rounded down to whole ones."""
    row = (beat.at, beat.state, beat.doing, int(beat.done), beat.total, beat.rate)
    return (
        "INSERT OR REPLACE INTO heartbeat VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, beat.seconds_left, beat.seconds_expected),
    )


def write_workers(connection: sqlite3.Connection, workers: Sequence[WorkerState]) -> None:
    """Replace what the file says of workers; a run without any has no such table."""
    if not workers and not _has_workers(connection):
        return
    connection.execute(WORKER_TABLE)
    connection.execute("DELETE FROM worker")
    rows = [(number, worker.name, worker.doing, worker.rate) for number, worker in enumerate(workers)]
    connection.executemany("INSERT INTO worker VALUES (?, ?, ?, ?)", rows)


def read_heartbeat(connection: sqlite3.Connection) -> Heartbeat | None:
    """The heartbeat; None before the first and after the end. Raises ValueError, TypeError where it is damaged.

    Files of version 3 have no seconds_expected.
    """
    cursor = connection.execute("SELECT * FROM heartbeat")
    names = [column[0] for column in cursor.description]
    row = cursor.fetchone()
    if row is None:
        return None
    values = {name: printable_json(value) for name, value in zip(names, row, strict=True) if name != "id"}
    for name, value in values.items():
        if value is not None or not name.startswith("seconds"):
            checked(value, str if name in ("state", "doing") else NUMBER, name)
    values["model"], values["stage"] = split_doing(values.pop("doing"))
    return Heartbeat(**values, workers=_read_workers(connection))


def _read_workers(connection: sqlite3.Connection) -> tuple[WorkerState, ...]:
    if not _has_workers(connection):
        return ()
    rows = connection.execute("SELECT name, doing, rate FROM worker ORDER BY id").fetchall()
    return tuple(
        WorkerState(
            checked(printable_json(name), str, "name"),
            checked(printable_json(doing), str, "doing"),
            checked(rate, NUMBER, "rate"),
        )
        for name, doing, rate in rows
    )


def _has_workers(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'worker'")
    return found.fetchone() is not None
