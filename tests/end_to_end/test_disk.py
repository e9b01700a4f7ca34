"""A full disk, a read-only folder and a run file that vanishes give one message and lose no stored result."""

import json
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import Files, write_files
from thinice_tui.commands.app import app
from thinice_tui.errors import EXIT_ERROR, RunFileError
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module", autouse=True)
def _small_pages() -> Iterator[None]:
    """The small batches of these runs fit into one page of the usual size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thinice_tui.runfile.writer.PAGE_SIZE", 4096)
        yield


@pytest.fixture(scope="module")
def whole(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_it(request(files, tmp_path_factory.mktemp("whole") / "whole.thinice"))


@contextmanager
def connecting(change: Callable[..., sqlite3.Connection]) -> Iterator[None]:
    """`change` in place of `sqlite3.connect`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", change)
        yield


@contextmanager
def room_for(pages: int) -> Iterator[None]:
    """Limits run files to `pages` pages, as a full disk does."""
    connect = sqlite3.connect

    def limited(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        assert isinstance(connection, sqlite3.Connection)
        return connection

    with connecting(limited):
        yield


def check_whole(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        connection.close()


def fails(wanted: Request, match: str) -> RunFileError:
    """Run until a RunFileError that matches ends it; returns the error."""
    with pytest.raises(RunFileError, match=match) as caught:
        run_it(wanted)
    assert wanted.run is not None and str(wanted.run) in caught.value.what
    assert caught.value.exit_code == EXIT_ERROR and caught.value.do
    return caught.value


def pages(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA page_count").fetchone()[0])
    finally:
        connection.close()


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98])
def test_a_full_disk_loses_only_the_current_batch_and_the_run_can_be_resumed(
    files: Files, tmp_path: Path, whole: Run, share: float
) -> None:
    """The disk is full as the file is created, in the clean pass, in a stage or at the end."""
    wanted = request(files, path := tmp_path / "a.thinice")
    with room_for(int(share * pages(Path(whole.path)))):
        said = fails(wanted, "the disk is full, the batches in flight were not kept; everything before them is")
    assert "make space and repeat the command" in said.do
    check_whole(path)
    assert_same_outcomes(run_it(wanted), whole)


def test_a_disk_that_is_full_again_and_again_does_not_stop_the_progress(
    files: Files, tmp_path: Path, whole: Run
) -> None:
    wanted = request(files, tmp_path / "a.thinice")
    for share in (0.05, 0.5, 0.5, 0.7, 0.7, 0.9):
        with room_for(int(share * pages(Path(whole.path)))):
            fails(wanted, "the disk is full")
    assert_same_outcomes(run_it(wanted), whole)


@pytest.mark.parametrize("kilobytes", [8, 40, 100])
def test_a_limit_on_file_size_is_told_from_a_full_disk(
    files: Files, tmp_path: Path, whole: Run, kilobytes: int
) -> None:
    wanted = request(files, path := tmp_path / "a.thinice")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * kilobytes, before[1]))
    try:
        said = fails(wanted, "disk I/O error.*, the batches in flight were not kept; everything before them is")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "quota" in said.do and "repeat the command" in said.do
    check_whole(path)
    assert_same_outcomes(run_it(wanted), whole)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_real_full_disk(files: Files, small_disk: Path, whole: Run) -> None:
    wanted = request(files, path := small_disk / "a.thinice")
    fails(wanted, "the disk is full")
    subprocess.run(["mount", "-o", "remount,size=10m", small_disk], check=True)
    check_whole(path)
    assert_same_outcomes(run_it(wanted), whole)


# where nothing can be written


def compare(files: Files, *options: object) -> Result:
    return CliRunner().invoke(app, [*files.arguments, "--attack", "quick", *map(str, options)])


def check_one_message(result: Result, *words: str) -> None:
    said = " ".join(result.stderr.split())
    assert result.exit_code == EXIT_ERROR and result.stdout == "", said
    assert all(word in said for word in words) and "Traceback" not in said, said


def test_a_read_only_folder_is_refused_before_anything_is_computed(files: Files) -> None:
    """Nobody can create a file in /sys."""
    result = compare(files, "--run", "/sys/a.thinice")
    check_one_message(result, "/sys/a.thinice: cannot be written", "is writable, or give --run")
    assert "clean: accuracy" not in result.stderr


def test_the_engine_of_a_view_refuses_it_too(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thinice_tui.engine.process.start.lower_priority", lambda: None)  # of all tests from here on
    wanted = request(files, Path("/sys/a.thinice"))
    result = CliRunner().invoke(app, ["engine", json.dumps(wanted.as_dict())])
    check_one_message(result, "/sys/a.thinice.log: cannot be written", "is writable, or give --run")


def test_a_read_only_run_file_is_left_unchanged(files: Files, tmp_path: Path) -> None:
    wanted = request(files, path := tmp_path / "a.thinice")
    with pytest.raises(KeyboardInterrupt):
        run_it(wanted, StopAfter(100))
    content, connect = path.read_bytes(), sqlite3.connect

    def reading(file: object, *arguments: object, **options: object) -> sqlite3.Connection:
        return connect(f"file:{file}?mode=ro", *arguments, uri=True, **options)  # type: ignore[call-overload,no-any-return]

    with connecting(reading):
        said = fails(wanted, r"cannot be written \(attempt to write a readonly database\)")
    assert "is writable" in said.do and path.read_bytes() == content


# what vanishes


class At(StopAfter):
    """Calls `do` at the n-th forward pass."""

    def __init__(self, passes: int, do: Callable[[], object]) -> None:
        super().__init__()
        self.at, self.do = passes, do

    def progress(self, beat: Heartbeat) -> None:
        super().progress(beat)
        if len(self.seen) == self.at:
            self.do()


def check_it_stops(wanted: Request, path: Path, do: Callable[[], object]) -> None:
    observer = At(200, do)
    with pytest.raises(RunFileError, match="was deleted, moved or replaced while it was written") as caught:
        run_it(wanted, observer)
    assert str(path) in caught.value.what and caught.value.exit_code == EXIT_ERROR
    assert len(observer.seen) <= 200 + 70, "it stops with the batch in flight"


def test_a_folder_that_vanishes_stops_the_run(files: Files, tmp_path: Path, whole: Run) -> None:
    wanted = request(files, path := tmp_path / "runs" / "a.thinice")
    check_it_stops(wanted, path, lambda: shutil.rmtree(path.parent))
    assert not path.exists()
    assert_same_outcomes(run_it(wanted), whole)


def test_a_run_file_that_is_deleted_stops_the_run(files: Files, tmp_path: Path, whole: Run) -> None:
    wanted = request(files, path := tmp_path / "a.thinice")
    check_it_stops(wanted, path, path.unlink)
    assert not path.exists()
    assert_same_outcomes(run_it(wanted), whole)


def test_a_run_file_that_is_moved_and_put_back_is_complete(files: Files, tmp_path: Path, whole: Run) -> None:
    wanted = request(files, path := tmp_path / "a.thinice")
    done: list[int] = []

    def move() -> None:
        done.append(sum(stage.attacked for model in read_run(path).models for stage in model.stages))
        path.rename(tmp_path / "away")

    check_it_stops(wanted, path, move)
    (tmp_path / "away").rename(path)
    check_whole(path)
    assert sum(stage.attacked for model in read_run(path).models for stage in model.stages) >= done[0] > 0
    assert_same_outcomes(run_it(wanted), whole)


def test_a_file_that_takes_the_run_files_place_is_left_alone(files: Files, tmp_path: Path) -> None:
    wanted = request(files, path := tmp_path / "a.thinice")
    other = Path(f"{path}.new")
    other.write_bytes(b"another")
    check_it_stops(wanted, path, lambda: other.replace(path))
    assert path.read_bytes() == b"another"
