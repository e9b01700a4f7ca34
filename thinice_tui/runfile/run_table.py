"""The run table of a run file: JSON values by key."""

import json
import sqlite3
from typing import Any

RunTable = dict[str, Any]


def read_run_table(connection: sqlite3.Connection) -> RunTable:
    """Every value by its key; raises ValueError where one is no JSON."""
    return {key: json.loads(value) for key, value in connection.execute("SELECT * FROM run")}


def read_value(connection: sqlite3.Connection, key: str) -> Any:
    """The value of `key`; None where there is none. Raises ValueError where it is no JSON."""
    row = connection.execute("SELECT value FROM run WHERE key = ?", (key,)).fetchone()
    return None if row is None else json.loads(row[0])


def write_values(connection: sqlite3.Connection, /, **values: object) -> None:
    """Put `values` into the run table, in the caller's transaction."""
    rows = [(key, json.dumps(value)) for key, value in values.items()]
    connection.executemany("INSERT OR REPLACE INTO run VALUES (?, ?)", rows)
