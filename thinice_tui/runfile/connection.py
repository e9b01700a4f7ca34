"""A view's connection to a run file: read-only, open for one reading, also in a read-only folder."""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.demo import DEMO
from thinice_tui.runfile.schema import check_recognised
from thinice_tui.safe_io.printable import printable

PATIENCE = 5.0
"""Seconds that a reader waits while a writer commits."""
CHUNK = 20_000
Rows = list[Any]


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """One read transaction on the run file `path`; raises RunFileError, also where its content is damaged."""
    if path.is_dir():
        raise RunFileError(f"{path}: is a folder, expected a run file", "give the NAME.thinice that is in it")
    if not path.is_file():
        raise RunFileError(f"{path}: there is no such run file", "`thinice-tui compare` makes one, see --run")
    try:
        connection = _connect(path)
        try:
            connection.execute("BEGIN")  # before the head is read, so that all of it is of one moment
            check_recognised(connection, str(path))
            yield connection
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise RunFileError(
            f"{path}: cannot be read ({error})", "it may be damaged, or its folder be read-only with a run going on"
        ) from error
    except MemoryError as error:
        raise RunFileError(
            f"{path}: what it says that it holds does not fit into memory", "use a larger machine, if it is not damaged"
        ) from error
    except (ValueError, LookupError, ArithmeticError, TypeError, AttributeError, zlib.error) as error:
        raise RunFileError(
            f"{path}: is damaged ({type(error).__name__}: {printable(str(error))})",
            "expected what `compare` writes; the run can be computed again into another file",
        ) from error


def chunks(cursor: sqlite3.Cursor) -> Iterator[Rows]:
    """The rows of `cursor`, at most CHUNK at a time."""
    while rows := cursor.fetchmany(CHUNK):
        yield rows


def _connect(path: Path) -> sqlite3.Connection:
    """A connection that shows what was committed, read-only wherever possible; raises sqlite3.Error."""
    if path == DEMO:
        return _open(path, "immutable=1")
    try:
        return _open(path, "mode=ro")
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code == sqlite3.SQLITE_READONLY_ROLLBACK:
            # A killed engine left half a batch in the file. SQLite undoes it before it reads, as only a writer can.
            return _open(path, "mode=rw")
        log = Path(f"{path}-wal")
        no_shared_memory = code & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if no_shared_memory and not (log.exists() and log.stat().st_size):
            # The file is in WAL mode without a log, in a folder where the mode's shared memory cannot be made.
            return _open(path, "immutable=1")
        raise


def _open(path: Path, mode: str) -> sqlite3.Connection:
    """A connection that has read the file's head: errors of reading have come up by then."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, timeout=PATIENCE)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        raise
    except sqlite3.DatabaseError:
        pass  # no database: `check_recognised` says so
    return connection
