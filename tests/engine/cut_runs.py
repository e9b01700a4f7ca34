"""Interrupted runs, and changes to their run table."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.engine_runs import StopAfter, run_it
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.records import Run


def interrupt(wanted: Request) -> Path:
    """Start the run, interrupt it in its first stage, and forget which engine computed it; returns its file."""
    assert wanted.run is not None
    with pytest.raises(KeyboardInterrupt):
        run_it(wanted, StopAfter(60))
    store(wanted.run, engine=None)
    return wanted.run


def store(path: Path, **values: object) -> None:
    """Write into the run table; None deletes the row."""
    with sqlite3.connect(path) as connection:
        for key, value in values.items():
            connection.execute("DELETE FROM run WHERE key = ?", (key,))
            if value is not None:
                connection.execute("INSERT INTO run VALUES (?, ?)", (key, json.dumps(value)))
    connection.close()


def state(run: Run) -> tuple[str, str] | None:
    """The heartbeat's state and text."""
    return None if run.heartbeat is None else (run.heartbeat.state, run.heartbeat.doing)
