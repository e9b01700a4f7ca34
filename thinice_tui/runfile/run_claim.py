"""An engine's claim on its run file, from its first moment: the lock, and its name in the run table.

Reading models and data and the checks before a run take minutes. A view that opens the file meanwhile sees this engine,
not the last one that died; another engine is told at once that the run is taken.
"""

import json
import sqlite3
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.control import clear_control
from thinice_tui.runfile.heartbeat import Statement, starting_heartbeat
from thinice_tui.runfile.liveness import this_engine
from thinice_tui.runfile.lock import RunLock, take_lock
from thinice_tui.runfile.run_table import read_value
from thinice_tui.runfile.schema import check_recognised
from thinice_tui.runfile.write_errors import write_error

PATIENCE = 10.0
"""Seconds that a statement waits for other programs that hold the file."""


class RunClaim:
    """A claim on at most one run file. Use as a context manager: a claim that is still held is released at the end.

    Where a RunFileError ends it (the file holds another run), the file names its last engine again, as before.
    """

    def __init__(self) -> None:
        self._path: Path | None = None
        self._lock: RunLock | None = None
        self._undo: list[Statement] = []
        """Puts back the engine and the heartbeat that the file had before."""

    def __enter__(self) -> "RunClaim":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        lock = self.hand_over_lock()
        if lock is None:
            return
        if isinstance(error, RunFileError) and self._path is not None:
            with suppress(RunFileError):
                _write(self._path, *self._undo)
        lock.release()

    def acquire(self, path: Path, log: Path | None) -> None:
        """Lock the unfinished run in `path`, write this engine into its run table and clear its control word.

        Nothing is done where there is no unfinished run, and nothing the second time: the writer creates a new file
        with its engine in it and leaves a finished one as it is. log: the file of this engine's messages; None: a
        terminal. Raises RunBusyError where another engine holds the run, RunFileError.
        """
        if self._lock is not None or not _is_unfinished(path):
            return
        lock = take_lock(path)
        try:
            self._undo = _undo_statements(path)
            engine = "INSERT OR REPLACE INTO run VALUES ('engine', ?)", (json.dumps(asdict(this_engine(log))),)
            if not _write(path, engine, starting_heartbeat("reading models and data")):
                lock.release()  # another engine has just finished it
                return
        except BaseException:
            lock.release()
            raise
        self._path, self._lock = path, lock
        clear_control(path)

    @property
    def is_held(self) -> bool:
        """Whether the claim still has its lock."""
        return self._lock is not None

    def report(self, doing: str) -> None:
        """Write a heartbeat before the attacks begin; nothing where no run is claimed."""
        if self._path is None or self._lock is None:
            return
        with suppress(RunFileError):  # another program holds the file: no reason to end
            _write(self._path, starting_heartbeat(doing))

    def hand_over_lock(self) -> RunLock | None:
        """The lock, for the writer, which releases it from now on; None where none is held."""
        lock, self._lock = self._lock, None
        return lock


def _write(path: Path, *statements: Statement) -> bool:
    """Run all statements in one transaction unless the run is finished; whether they were run."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            unfinished = read_value(connection, "finished") is None
            for statement, values in statements if unfinished else ():
                connection.execute(statement, values)
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise write_error(error, path) from error
    return unfinished


def _undo_statements(path: Path) -> list[Statement]:
    """The statements that put back the engine and the heartbeat that the file has now."""
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
            found = connection.execute("SELECT value FROM run WHERE key = 'engine'").fetchone()
            beats = connection.execute("SELECT * FROM heartbeat").fetchall()
    except sqlite3.Error as error:
        raise write_error(error, path) from error
    engine: Statement = ("DELETE FROM run WHERE key = 'engine'", ())
    if found is not None:
        engine = ("INSERT OR REPLACE INTO run VALUES ('engine', ?)", found)
    marks = [", ".join("?" * len(beat)) for beat in beats]
    inserts = [(f"INSERT INTO heartbeat VALUES ({mark})", beat) for mark, beat in zip(marks, beats, strict=True)]
    return [engine, ("DELETE FROM heartbeat", ()), *inserts]


def _is_unfinished(path: Path) -> bool:
    """Whether `path` is a run file that is not finished; False where it cannot be read: the writer says why."""
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
            check_recognised(connection, str(path))
            return read_value(connection, "finished") is None
    except (sqlite3.Error, RunFileError, ValueError):
        return False
