"""The heartbeat table: one row that says what the engine does now."""

import sqlite3
import time

from thinice_tui.protocol.progress import Heartbeat, split_doing
from thinice_tui.runfile.checked import NUMBER, checked
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
    return Heartbeat(**values)
