"""The writer's connection: transactions, how long they wait, and whether the file is still in its place."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.journal import leave_wal
from thinice_tui.runfile.lock import file_identity
from thinice_tui.runfile.write_errors import PATIENCE, write_error


class WriteConnection:
    """A connection to the run file `path` that one writer has."""

    def __init__(self, sqlite: sqlite3.Connection, path: Path) -> None:
        self.sqlite = sqlite
        self.path = path
        self._file = file_identity(path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside, or none of them; raises RunFileError where they cannot be written."""
        if not self._in_place():  # SQLite would go on writing to a file that nobody can open any more
            raise RunFileError(
                f"{self.path}: was deleted, moved or replaced while it was written; nothing more is computed",
                "where it was moved, put it back beside its -wal; repeat the command: it goes on from what is there",
            )
        try:
            self.sqlite.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.sqlite.rollback()
                raise
            self.sqlite.execute("COMMIT")
        except sqlite3.Error as error:
            if self.sqlite.in_transaction:
                self.sqlite.rollback()
            raise write_error(error, self.path) from error

    @contextmanager
    def waiting(self, seconds: float) -> Iterator[None]:
        """Inside, wait at most so long for other programs that hold the file, instead of PATIENCE."""
        self.sqlite.execute(f"PRAGMA busy_timeout = {1000 * seconds:.0f}")
        try:
            yield
        finally:
            self.sqlite.execute(f"PRAGMA busy_timeout = {1000 * PATIENCE:.0f}")

    def checkpoint(self) -> None:
        """Fold what is committed into the one file: a copy of it without its -wal is then at most a stage old."""
        with suppress(sqlite3.Error), self.waiting(1):  # a reader holds it: the next checkpoint will do
            self.sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Leave one plain file, where no reader holds it, and close the connection."""
        if self._in_place():  # else a -wal of that name may belong to another file
            with self.waiting(0):
                leave_wal(self.sqlite)
        self.sqlite.close()

    def _in_place(self) -> bool:
        """Whether the file that is written to is still the one at its path."""
        return file_identity(self.path) == self._file
