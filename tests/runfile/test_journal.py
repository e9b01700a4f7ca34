"""On a disk that other machines share, and where SQLite's log cannot be had: the rollback journal."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tests.engine_runs import assert_same_outcomes, request, run_it
from tests.fake_runs import STAGES
from tests.linear_models import Files
from tests.runfile.test_runfile import add_batch, open_writer
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile import journal, problems, writer
from thinice_tui.runfile.journal import file_system, is_shared
from thinice_tui.runfile.reader import RunReader, read_run

MOUNTS = (("/", "ext4"), ("/home", "nfs4"), ("/home/scratch", "tmpfs"), ("/data", "ext4"), ("/data", "lustre"))


def mode(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    finally:
        connection.close()


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


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/home/me/runs", "nfs4"),
        ("/home/scratch/runs", "tmpfs"),
        ("/home/scratchy", "nfs4"),
        ("/data/a/b", "lustre"),
    ],
)
def test_a_folders_file_system_is_that_of_its_mount(folder: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = [SimpleNamespace(mountpoint=point, fstype=name) for point, name in MOUNTS]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounts if all else [])
    assert file_system(Path(folder)) == kind


def test_a_folder_of_this_machine_is_found(tmp_path: Path) -> None:
    assert file_system(tmp_path)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "lustre", "gpfs", "cifs", "smb3", "fuse.sshfs", "9p", "afs", "beegfs"])
def test_network_file_systems_are_known(kind: str) -> None:
    assert is_shared(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "apfs", "fuseblk", ""])
def test_disks_of_this_machine_are_no_network_file_systems(kind: str) -> None:
    assert not is_shared(kind)


def test_a_disk_of_this_machine_has_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "file_system", lambda _: "ext4")
    with open_writer(tmp_path / "a.thinice"):
        assert mode(tmp_path / "a.thinice") == "wal"


@pytest.mark.usefixtures("shared_disk")
def test_a_shared_disk_has_the_rollback_journal_also_for_a_run_that_began_with_the_log(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    open_writer(path).__exit__()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with open_writer(path) as resumed:
        assert resumed.resumed and mode(path) == "delete"
        resumed.plan_stages([(name, {}) for name in STAGES], 2)
        add_batch(resumed, 0)
        assert read_run(path).models[0].stages[0].attacked == 8
        assert sorted(file.name for file in tmp_path.iterdir()) == ["a.thinice", "a.thinice.lock"]


class _WithoutLog(sqlite3.Connection):
    """Where WAL cannot be had SQLite raises."""

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
        if "= WAL" in sql:
            raise sqlite3.OperationalError("locking protocol")
        return super().execute(sql, *parameters)  # type: ignore[arg-type]


class _KeepingItsMode(sqlite3.Connection):
    """Or it answers with the mode that it keeps."""

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
        if "= WAL" in sql:
            return super().execute("SELECT 'delete'")
        return super().execute(sql, *parameters)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [_WithoutLog, _KeepingItsMode])
def test_where_the_log_cannot_be_had_the_rollback_journal_does(
    kind: type[sqlite3.Connection], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, path = sqlite3.connect, tmp_path / "a.thinice"
    made: list[sqlite3.Connection] = []

    def other(*arguments: object, **options: object) -> sqlite3.Connection:
        made.append(connect(*arguments, **options, factory=kind))  # type: ignore[call-overload]
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", other)
    with open_writer(path) as opened:
        opened.plan_stages([(name, {}) for name in STAGES], 2)
        add_batch(opened, 0)
        assert made[0].execute("PRAGMA synchronous").fetchone() == (2,), "full: what is committed survives a power cut"
    assert read_run(path).models[0].stages[0].attacked == 8


@pytest.mark.usefixtures("shared_disk")
def test_a_whole_run_with_views_that_read_all_the_time(files: Files, tmp_path: Path) -> None:
    path, ended = tmp_path / "a.thinice", threading.Event()
    seen: list[int] = []
    problems: list[RunFileError] = []

    def follow() -> None:
        reader = RunReader(path)
        while not ended.is_set():
            try:
                seen.append(sum(stage.attacked for model in reader.read().models for stage in model.stages))
            except RunFileError as error:
                problems.append(error)
            time.sleep(0.005)

    views = [threading.Thread(target=follow) for _ in range(2)]
    for view in views:
        view.start()
    try:
        run = run_it(request(files, path))
    finally:
        ended.set()
        for view in views:
            view.join()
    assert run.complete and len(set(seen)) > 3, "they saw it grow"
    beginning = ("no such run file", "nothing is computed yet")
    assert not [error for error in problems if not any(words in error.what for words in beginning)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "file_system", lambda _: "ext4")
        assert_same_outcomes(run, run_it(request(files, tmp_path / "b.thinice")))


KILLED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE sample SET label = 0")
connection.execute("CREATE TABLE more AS SELECT a.image FROM image a, image b")
os.kill(os.getpid(), 9)
"""


@pytest.mark.usefixtures("shared_disk")
def test_a_view_undoes_the_batch_of_an_engine_that_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    open_writer(path).__exit__()
    before = read_run(path)
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert Path(f"{path}-journal").stat().st_size, "half a batch is in the file"
    assert (read_run(path).labels == before.labels).all()
    assert not Path(f"{path}-journal").exists()


# who else holds the file


@pytest.mark.parametrize("kind", ["ext4", "nfs4"])
def test_a_heartbeat_that_meets_a_busy_file_is_left_out(
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
def test_a_heartbeat_does_not_wait_for_a_view_either(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as opened:
        with holding(path, "BEGIN"):
            opened.heartbeat(beat(1))
        assert read_run(path).heartbeat is None
        opened.heartbeat(beat(2))
        assert read_run(path).heartbeat is not None


@pytest.mark.parametrize("kind", ["ext4", "nfs4"])
def test_a_batch_waits_for_its_turn(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "file_system", lambda _: kind)
    path = tmp_path / "a.thinice"
    with open_writer(path) as opened, holding(path) as other:
        later = threading.Timer(0.5, other.close)
        later.start()
        opened.plan_stages([(name, {}) for name in STAGES], 2)
        add_batch(opened, 0)
        later.join()
        assert opened.batches_done(0, 0) == {0}


def test_a_file_that_is_held_for_long_is_told_from_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (problems, writer):
        monkeypatch.setattr(module, "PATIENCE", 0.1)
    path = tmp_path / "a.thinice"
    with open_writer(path) as opened:
        opened.plan_stages([(name, {}) for name in STAGES], 2)
        with (
            holding(path),
            pytest.raises(RunFileError, match=r"another program has held it for .*batch in flight") as said,
        ):
            add_batch(opened, 0)
        assert "repeat the command" in said.value.do
        add_batch(opened, 0)
        assert opened.batches_done(0, 0) == {0}
