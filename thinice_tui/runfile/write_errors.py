"""Errors of writing a run file, as messages for the user."""

import errno
import sqlite3
from pathlib import Path

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.schema import SUFFIX

PATIENCE = 30.0
"""Seconds that a write waits for other programs that hold the file. A view holds it for moments, unless suspended."""


class FileHeldError(RunFileError):
    """Another program holds the run file."""


def check_run_path(path: Path) -> None:
    """Raise RunFileError where `path` is a folder; asked before anything is read or computed."""
    if path.is_dir():
        raise RunFileError(
            f"{path}: cannot be written: it is a folder, expected a file",
            f"name a file in it: --run {path / f'NAME{SUFFIX}'}",
        )


def write_error(error: sqlite3.Error | OSError, path: Path) -> RunFileError:
    """The message for an error of SQLite or the system that came up while the run file `path` was written."""
    text = str(error)
    code = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_FULL or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return RunFileError(
            f"{path}: the disk is full, the batches in flight were not kept; everything before them is",
            "make space and repeat the command: it goes on from there",
        )
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return FileHeldError(
            f"{path}: another program has held it for {PATIENCE:.0f} s ({text}), the batches in flight were not "
            "kept; everything before them is",
            "end that program (one that browses or copies databases?) and repeat the command: it goes on from there",
        )
    if code & 0xFF == sqlite3.SQLITE_IOERR:
        return RunFileError(
            f"{path}: cannot be written ({text}), the batches in flight were not kept; everything before them is",
            "check the disk, its quota and the largest file allowed, and repeat the command: it goes on from there",
        )
    if isinstance(error, OSError) or code & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return RunFileError(
            f"{path}: cannot be written ({text})", "check that the folder exists and is writable, or give --run"
        )
    return RunFileError(f"{path}: cannot be written ({text})", "everything before the batches in flight is kept")
