"""The writer's connection beside other programs: who waits, who is left out, and a file that is replaced."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.runfile.small_runs import add_batch, open_writer, plan_stages
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile import journal, write_connection, write_errors
from thinice_tui.runfile.reader import read_run


def beat(done: int = 0, state: str = "running") -> Heartbeat:
    return Heartbeat(time.time() + done, state, "dense", "PGD-20", done, 200, 1.0, None)  # type: ignore[arg-type]


@contextmanager
def holding(path: Path, statement: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """Another program in a transaction."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(statement)
    connection.execute("SELECT count(*) FROM run").fetchone()
    yield connection
    connection.close()


@pytest.fixture
def shared_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "file_system", lambda _: "nfs4")


@pytest.mark.parametrize("kind", ["ext4", "nfs4"])
def test_a_heartbeat_is_skipped_while_another_program_writes(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "file_system", lambda _: kind)
    path = tmp_path / "a.thinice"
    with open_writer(path) as opened:
        with holding(path):
            began = time.monotonic()
            for done in range(10):
                opened.heartbeat(beat(done))
            opened.heartbeat(beat(10, "paused"))
            assert time.monotonic() - began < 5, "no attack waits for it"
        assert read_run(path).heartbeat is None
        opened.heartbeat(beat(10, "paused"))
        told = read_run(path).heartbeat
        assert told is not None and told.state == "paused", "the next one says what that one would have"


@pytest.mark.usefixtures("shared_disk")
def test_a_heartbeat_is_skipped_while_a_view_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as opened:
        with holding(path, "BEGIN"):
            opened.heartbeat(beat(1))
        assert read_run(path).heartbeat is None
        opened.heartbeat(beat(2))
        assert read_run(path).heartbeat is not None


@pytest.mark.parametrize("kind", ["ext4", "nfs4"])
def test_a_batch_waits_until_another_program_releases_the_file(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "file_system", lambda _: kind)
    path = tmp_path / "a.thinice"
    with open_writer(path) as opened, holding(path) as other:
        later = threading.Timer(0.5, other.close)
        later.start()
        plan_stages(opened)
        add_batch(opened, 0)
        later.join()
        assert opened.batches_done(0, 0) == {0: 8}


def test_a_file_that_is_held_for_long_is_an_error_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (write_errors, write_connection):
        monkeypatch.setattr(module, "PATIENCE", 0.1)
    path = tmp_path / "a.thinice"
    with open_writer(path) as opened:
        plan_stages(opened)
        with (
            holding(path),
            pytest.raises(RunFileError, match=r"another program has held it for .*batches in flight") as said,
        ):
            add_batch(opened, 0)
        assert "repeat the command" in said.value.do
    with open_writer(path) as opened:
        add_batch(opened, 0)
        assert opened.batches_done(0, 0) == {0: 8}


@pytest.mark.parametrize("replaced", [True, False])
def test_writing_stops_when_the_file_was_moved_or_replaced(replaced: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        path.rename(tmp_path / "moved.thinice")
        if replaced:
            path.write_bytes(b"another file")
        with pytest.raises(RunFileError, match="was deleted, moved or replaced while it was written") as caught:
            add_batch(writer, 0)
        assert "put it back beside its -wal" in caught.value.do
    assert path.exists() == replaced and (not replaced or path.read_bytes() == b"another file")
