"""A view's connection: whatever the file's state and its folder's rights, what is committed is read or told."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_runs import write_run
from tests.places import ROOT
from tests.runfile.small_runs import database, journal_mode, open_writer
from tests.unprivileged import UNPRIVILEGED
from thinice_tui.errors import RunFileError
from thinice_tui.runfile import journal
from thinice_tui.runfile.connection import chunks, reading
from thinice_tui.runfile.reader import read_run

KILLED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE sample SET label = 0")
connection.execute("CREATE TABLE more AS SELECT a.image FROM image a, image b")
os.kill(os.getpid(), 9)
"""
READ = """
import sys
from pathlib import Path
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.reader import read_run
try:
    print(len(read_run(Path(sys.argv[1])).labels))
except RunFileError as error:
    print(error.what)
"""


def read_unprivileged(path: Path) -> str:
    """What a process without root's rights reads: the number of samples, or the error."""
    if UNPRIVILEGED is None:
        pytest.skip("root's rights cannot be given up here")
    command = [*UNPRIVILEGED, sys.executable, "-c", READ, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()


def test_a_view_rolls_back_half_a_batch_of_a_killed_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "file_system", lambda _: "nfs4")
    path = tmp_path / "a.thinice"
    open_writer(path).__exit__()
    before = read_run(path)
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert Path(f"{path}-journal").stat().st_size, "half a batch is in the file"
    assert (read_run(path).labels == before.labels).all()
    assert not Path(f"{path}-journal").exists()


@pytest.mark.parametrize("wal", [False, True])
def test_a_file_in_a_read_only_folder_is_read(wal: bool, tmp_path: Path) -> None:
    """In WAL mode, too: its shared memory cannot be made there, but there is no log to read."""
    folder = tmp_path / "folder"
    folder.mkdir()
    write_run(folder / "a.thinice", {"dense": "dense", "p": "pruned"}, n=20)
    if wal:
        with database(folder / "a.thinice") as connection:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        assert journal_mode(folder / "a.thinice") == "wal"
    (folder / "a.thinice").chmod(0o444)
    folder.chmod(0o555)
    try:
        assert read_unprivileged(folder / "a.thinice") == "20"
        assert [file.name for file in folder.iterdir()] == ["a.thinice"]
    finally:
        folder.chmod(0o755)


def test_a_file_without_read_permission_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, {"dense": "dense", "p": "pruned"}, n=20)
    path.chmod(0)
    assert "a.thinice: cannot be read" in read_unprivileged(path)


@pytest.mark.parametrize("error", [ValueError, KeyError, IndexError, TypeError, AttributeError])
def test_an_error_in_the_content_is_a_damaged_file(error: type[Exception], tmp_path: Path) -> None:
    open_writer(tmp_path / "a.thinice").__exit__()
    with (
        pytest.raises(RunFileError, match=r"a\.thinice: is damaged") as caught,
        reading(tmp_path / "a.thinice"),
    ):
        raise error("\x1b[2J")
    assert caught.value.what.isprintable()


def test_a_reading_sees_one_moment_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer, reading(path) as connection:
        before = connection.execute("SELECT value FROM run WHERE key = 'device'").fetchone()
        writer.set_values(device="another")
        assert connection.execute("SELECT value FROM run WHERE key = 'device'").fetchone() == before
    assert read_run(path).info.device == "another"


def test_chunks_are_all_rows_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thinice_tui.runfile.connection.CHUNK", 7)
    open_writer(tmp_path / "a.thinice").__exit__()
    with reading(tmp_path / "a.thinice") as connection:
        found = list(chunks(connection.execute("SELECT position FROM sample ORDER BY position")))
    assert [len(rows) for rows in found] == [7] * 5 + [5]
    assert [row[0] for rows in found for row in rows] == list(range(40))


def test_what_does_not_fit_into_memory_is_said(tmp_path: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense"}, n=20)
    with pytest.raises(RunFileError, match="does not fit into memory"), reading(tmp_path / "a.thinice"):
        raise MemoryError
