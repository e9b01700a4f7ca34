"""Watches a run from outside: its run file and its engine's process."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psutil

from thinice_tui.runfile.liveness import engine_process
from thinice_tui.runfile.reader import read_run


def count_batches(run: Path) -> int:
    """The batches that the run file holds; 0 while there is no file, or none that can be read yet."""
    if not run.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{run}?mode=ro", uri=True)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM batch").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(count)


def engine_of(run: Path) -> psutil.Process:
    """The process of the engine that computes `run`; it must be alive."""
    found = engine_process(read_run(run).engine)
    assert found is not None, "there is no engine"
    return found


def has_ended(process: psutil.Process) -> bool:
    """Whether the process is gone, or a zombie that nobody waits for."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def uses_torch(process: psutil.Process) -> bool:
    """Whether the process has loaded torch's library."""
    return any("libtorch" in mapped.path for mapped in process.memory_maps())
