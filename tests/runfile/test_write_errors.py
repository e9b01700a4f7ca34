"""Errors of writing, as messages for the user: what happened, what is kept, what to do."""

import errno
import sqlite3
from pathlib import Path

import pytest

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.write_errors import FileHeldError, check_run_path, write_error

PATH = Path("a.thinice")


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("said SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "what", "do"),
    [
        (sqlite_error(sqlite3.SQLITE_FULL), "the disk is full", "make space"),
        (OSError(errno.ENOSPC, "no space"), "the disk is full", "make space"),
        (OSError(errno.EDQUOT, "quota"), "the disk is full", "make space"),
        (sqlite_error(sqlite3.SQLITE_BUSY), "another program has held it", "end that program"),
        (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), "another program has held it", "end that program"),
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), r"cannot be written \(said SQLite\)", "check the disk, its quota"),
        (sqlite_error(sqlite3.SQLITE_READONLY), "cannot be written", "the folder exists and is writable"),
        (sqlite_error(sqlite3.SQLITE_CANTOPEN), "cannot be written", "the folder exists and is writable"),
        (OSError(errno.EACCES, "denied"), "cannot be written", "the folder exists and is writable"),
        (sqlite_error(sqlite3.SQLITE_CORRUPT), "cannot be written", "everything before the batches in flight is kept"),
    ],
)
def test_each_error_says_what_to_do(error: sqlite3.Error | OSError, what: str, do: str) -> None:
    found = write_error(error, PATH)
    with pytest.raises(RunFileError, match=f"a.thinice: {what}"):
        raise found
    assert do in found.do
    assert isinstance(found, FileHeldError) == ("another program" in found.what)


def test_a_folder_is_no_place_for_a_run_file(tmp_path: Path) -> None:
    check_run_path(tmp_path / "a.thinice")
    with pytest.raises(RunFileError, match="it is a folder") as caught:
        check_run_path(tmp_path)
    assert str(tmp_path / "NAME.thinice") in caught.value.do
