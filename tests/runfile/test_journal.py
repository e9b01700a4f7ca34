"""SQLite's journal: the log on a disk of this machine, else the rollback journal; and one plain file at the end."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tests.fake_runs import STAGES, make_run
from tests.runfile.small_runs import add_batch, journal_mode, open_writer, plan_stages
from thinice_tui.errors import RunFileError
from thinice_tui.runfile import journal
from thinice_tui.runfile.journal import file_system, is_shared, leave_wal
from thinice_tui.runfile.reader import RunReader, read_run

MOUNTS = (("/", "ext4"), ("/home", "nfs4"), ("/home/scratch", "tmpfs"), ("/data", "ext4"), ("/data", "lustre"))


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


def test_a_real_folder_has_a_file_system(tmp_path: Path) -> None:
    assert file_system(tmp_path)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "lustre", "gpfs", "cifs", "smb3", "fuse.sshfs", "9p", "afs", "beegfs"])
def test_network_file_systems_are_shared(kind: str) -> None:
    assert is_shared(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "apfs", "fuseblk", ""])
def test_local_file_systems_are_not_shared(kind: str) -> None:
    assert not is_shared(kind)


def test_a_local_disk_has_the_write_ahead_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "file_system", lambda _: "ext4")
    with open_writer(tmp_path / "a.thinice"):
        assert journal_mode(tmp_path / "a.thinice") == "wal"


@pytest.mark.usefixtures("shared_disk")
def test_a_shared_disk_has_the_rollback_journal_also_for_a_run_that_began_with_the_log(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    open_writer(path).__exit__()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    with open_writer(path) as resumed:
        assert resumed.resumed and journal_mode(path) == "delete"
        plan_stages(resumed)
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
def test_where_sqlite_refuses_the_log_the_rollback_journal_is_used(
    kind: type[sqlite3.Connection], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, path = sqlite3.connect, tmp_path / "a.thinice"
    made: list[sqlite3.Connection] = []

    def other(*arguments: object, **options: object) -> sqlite3.Connection:
        made.append(connect(*arguments, **options, factory=kind))  # type: ignore[call-overload]
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", other)
    with open_writer(path) as opened:
        plan_stages(opened)
        add_batch(opened, 0)
        assert made[0].execute("PRAGMA synchronous").fetchone() == (2,), "full: what is committed survives a power cut"
    assert read_run(path).models[0].stages[0].attacked == 8


@pytest.mark.usefixtures("shared_disk")
def test_a_whole_run_on_a_shared_disk_with_views_that_read_all_the_time(tmp_path: Path) -> None:
    made, ended = make_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=60), threading.Event()
    seen: list[int] = []
    problems: list[RunFileError] = []

    def follow() -> None:
        reader = RunReader(made.path)
        while not ended.wait(0.002):
            try:
                seen.append(sum(stage.attacked for model in reader.read().models for stage in model.stages))
            except RunFileError as error:
                problems.append(error)

    views = [threading.Thread(target=follow) for _ in range(2)]
    for view in views:
        view.start()
    try:
        with made.open() as writer:
            made.begin(writer)
            for number in range(2):
                made.clean(writer, number)
                for ordinal in range(len(STAGES)):
                    made.attack(writer, number, ordinal)
                    time.sleep(0.05)  # attacks take time, too
            writer.finish(None)
    finally:
        ended.set()
        for view in views:
            view.join()
    beginning = ("no such run file", "nothing is computed yet")
    assert read_run(made.path).complete and len(set(seen)) > 1, "they saw it grow"
    assert not [error for error in problems if not any(words in error.what for words in beginning)]


def test_leaving_the_log_waits_for_a_view_and_gives_up_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "LEAVE_WAL_TRIES", 2)
    path = tmp_path / "a.thinice"
    open_writer(path).__exit__()
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as writing:
        writing.execute("PRAGMA journal_mode = WAL")
        with closing(sqlite3.connect(path)) as view:
            view.execute("BEGIN")
            view.execute("SELECT count(*) FROM run").fetchone()
            leave_wal(writing)
            assert journal_mode(path) == "wal"
        leave_wal(writing)
    assert journal_mode(path) == "delete" and len(read_run(path).models) == 2
