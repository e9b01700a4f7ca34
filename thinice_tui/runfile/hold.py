"""An engine's hold on its run file from its first moment on: the lock, and the record of who computes.

Models, data and the checks before a run take minutes. A view that looks at the file meanwhile is to see this engine and
not the one that died last, and another engine is to be told at once that it is not needed.
"""

import json
import sqlite3
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.control import clear, this_engine
from thinice_tui.runfile.lock import RunLock, take_lock
from thinice_tui.runfile.problems import explained
from thinice_tui.runfile.schema import check_recognised, starting_beat

Statement = tuple[str, tuple[object, ...]]


class Hold:
    """At most one run file's. Use as a context manager: what is still held is given up at its end.

    Where that is because the file holds another run, it names its last engine again, as if it had not been touched.
    """

    def __init__(self) -> None:
        self._path: Path | None = None
        self._lock: RunLock | None = None
        self._before: list[Statement] = []
        """What makes the file say again what it said when it was taken."""

    def __enter__(self) -> "Hold":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        lock = self.hand_over()
        if lock is None:
            return
        if isinstance(error, RunFileError) and self._path is not None:
            with suppress(RunFileError):
                _write(self._path, *self._before)
        lock.release()

    def take(self, path: Path, log: Path | None) -> None:
        """Lock the unfinished run that `path` holds, and write this engine into its run table.

        Whatever the last engine was asked is forgotten. Nothing is done where there is no such run: a writer makes the
        file with its engine in it, and leaves a finished one as it is. Nor the second time. log: where this engine's
        messages go, None: to a terminal. Raises RunBusyError where another engine holds it, RunFileError.
        """
        if self._lock is not None or not _is_unfinished(path):
            return
        lock = take_lock(path)
        try:
            self._before = _as_it_is(path)
            engine = "INSERT OR REPLACE INTO run VALUES ('engine', ?)", (json.dumps(asdict(this_engine(log))),)
            if not _write(path, engine, starting_beat("reading models and data")):
                lock.release()  # another engine has just finished it
                return
        except BaseException:
            lock.release()
            raise
        self._path, self._lock = path, lock
        clear(path)

    @property
    def is_held(self) -> bool:
        return self._lock is not None

    def tell(self, doing: str) -> None:
        """A sign of life before the attacks begin; nothing where the file is not held."""
        if self._path is None or self._lock is None:
            return
        with suppress(RunFileError):  # somebody holds the file for long: no reason to end
            _write(self._path, starting_beat(doing))

    def hand_over(self) -> RunLock | None:
        """The lock, for the writer that releases it from now on; None where none is held."""
        lock, self._lock = self._lock, None
        return lock


def _write(path: Path, *statements: Statement) -> bool:
    """Do all of it at once unless the run is finished; whether it was done. No connection stays open."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=10)
        try:
            connection.execute("BEGIN IMMEDIATE")
            unfinished = _says_unfinished(connection)
            for statement, values in statements if unfinished else ():
                connection.execute(statement, values)
            connection.execute("COMMIT")
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise explained(error, path) from error
    return unfinished


def _as_it_is(path: Path) -> list[Statement]:
    """What puts back the engine and the heartbeat that the file names now."""
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            found = connection.execute("SELECT value FROM run WHERE key = 'engine'").fetchone()
            beats = connection.execute("SELECT * FROM heartbeat").fetchall()
    except sqlite3.Error as error:
        raise explained(error, path) from error
    engine: Statement = ("DELETE FROM run WHERE key = 'engine'", ())
    if found is not None:
        engine = ("INSERT OR REPLACE INTO run VALUES ('engine', ?)", found)
    marks = [", ".join("?" * len(beat)) for beat in beats]
    inserts = [(f"INSERT INTO heartbeat VALUES ({mark})", beat) for mark, beat in zip(marks, beats, strict=True)]
    return [engine, ("DELETE FROM heartbeat", ()), *inserts]


def _is_unfinished(path: Path) -> bool:
    """Whether `path` is a run file that is not finished; what cannot be read is left to the writer, which says why."""
    if not path.is_file():
        return False
    try:
        connection = sqlite3.connect(path, timeout=10)
        try:
            check_recognised(connection, str(path))
            return _says_unfinished(connection)
        finally:
            connection.close()
    except (sqlite3.Error, RunFileError):
        return False


def _says_unfinished(connection: sqlite3.Connection) -> bool:
    row = connection.execute("SELECT value FROM run WHERE key = 'finished'").fetchone()
    return row is None or json.loads(row[0]) is None
