"""A view's connection to a run file: read-only, for one reading, also where nothing can be written beside it."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.schema import check_recognised
from thinice_tui.safe_io.printable import printable

PATIENCE = 5.0
"""Seconds that a reader waits where a writer is committing."""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """One read transaction on the run file `path`; raises RunFileError, also for what is wrong with its content."""
    if path.is_dir():
        raise RunFileError(f"{path}: is a folder, expected a run file", "give the NAME.thinice that is in it")
    if not path.is_file():
        raise RunFileError(f"{path}: there is no such run file", "`thinice-tui compare` makes one, see --run")
    try:
        connection = _connect(path)
        try:
            check_recognised(connection, str(path))
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise RunFileError(
            f"{path}: cannot be read ({error})", "it may be damaged, or its folder be read-only with a run going on"
        ) from error
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, zlib.error) as error:
        raise RunFileError(
            f"{path}: is damaged ({type(error).__name__}: {printable(str(error))})",
            "expected what `compare` writes; the run can be computed again into another file",
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    """Read-only where that shows what was committed; raises sqlite3.Error."""
    try:
        return _opened(path, "mode=ro")
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code == sqlite3.SQLITE_READONLY_ROLLBACK:
            # A killed engine left a batch half written. SQLite undoes it first, which only a writer can.
            return _opened(path, "mode=rw")
        log = Path(f"{path}-wal")
        memory = code & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if memory and not (log.exists() and log.stat().st_size):
            # In WAL mode, with nothing beside it, where that mode's shared memory cannot be made.
            return _opened(path, "immutable=1")
        raise


def _opened(path: Path, how: str) -> sqlite3.Connection:
    """A connection that has read the file's head, so that what stands against reading has come up."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, timeout=PATIENCE)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        raise
    except sqlite3.DatabaseError:
        pass  # no database at all: `check_recognised` says so
    return connection
