"""One plain file of a finished run."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.journal import leave_wal
from thinice_tui.runfile.lock import RunLock


def make_single_file(path: Path) -> None:
    """Fold the log of a finished run into its file, where its engine was killed before it could; else a no-op."""
    with suppress(RunFileError, OSError, sqlite3.Error):
        with reading(path) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            return
        lock = RunLock(path)
        try:
            with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as writing:
                leave_wal(writing)
        finally:
            lock.release()
