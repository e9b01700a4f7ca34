"""Files are written as a whole or not at all."""

import os
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.unprivileged import UNPRIVILEGED
from thinice_tui.safe_io.atomic_write import check_writable, write_text, write_whole

LONG = "x" * 100_000


@contextmanager
def full() -> Iterator[None]:
    """No file can grow beyond 50 kB, as on a disk that is full then. Not for longer: pytest may write to one, too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("exists", [True, False])
def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "a.json"
    if exists:
        path.write_text("kept")
    with full(), pytest.raises(OSError, match="File too large"):
        write_text(path, LONG)
    assert [file.read_text() for file in tmp_path.iterdir()] == (["kept"] if exists else [])


def test_an_interruption_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("kept")

    def interrupted(stream: BinaryIO) -> None:
        stream.write(b"half")
        stream.flush()
        assert path.read_text() == "kept", "while it is written, too"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, interrupted)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["kept"]


def test_a_new_file_has_the_umasks_mode_and_a_replaced_one_keeps_its_mode(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "new", "new")
    finally:
        os.umask(before)
    (tmp_path / "old").write_text("old")
    (tmp_path / "old").chmod(0o604)
    write_text(tmp_path / "old", "new")
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new", "old")] == [0o640, 0o604]
    assert (tmp_path / "old").read_text() == "new"


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_its_target_is_written(tmp_path: Path, there: bool) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "target", tmp_path / "link"
    if there:
        target.write_text("old")
    link.symlink_to("far/target")
    write_text(link, "new")
    assert link.is_symlink() and target.read_text() == "new"
    assert len(list(tmp_path.rglob("*"))) == 3


def test_a_link_that_is_not_followed_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "link").symlink_to("precious")
    write_whole(tmp_path / "link", lambda stream: stream.write(b"new"), follow=False)
    assert (tmp_path / "precious").read_text() == "mine" and not (tmp_path / "link").is_symlink()


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()))
    reader.start()
    check_writable(pipe)
    write_text(pipe, "through")
    reader.join(timeout=10)
    assert heard == ["through"] and stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_written_to() -> None:
    check_writable(Path("/dev/null"))
    write_text(Path("/dev/null"), "gone")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(OSError, match="No space left on device"):
        write_text(Path("/dev/full"), "text")


@pytest.mark.parametrize("name", ["absent/a", "file/a", "folder", "loop", "n" * 300])
def test_an_unwritable_path_is_refused_before_writing(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    before = sorted(tmp_path.iterdir())
    for attempt in (check_writable, lambda path: write_text(path, "new")):
        with pytest.raises(OSError):
            attempt(tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before


def test_checking_a_path_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    for name in ("old", "new"):
        check_writable(tmp_path / name)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


CLOSED_FOLDER = """
import sys
from pathlib import Path
from thinice_tui.safe_io.atomic_write import check_writable, write_text
for name in ("empty", "full", "new", "open/protected"):
    path = Path(sys.argv[1]) / name
    for attempt in (check_writable, lambda path: write_text(path, "new")):
        try:
            attempt(path)
            print("ok", end=" ")
        except PermissionError:
            print("refused", end=" ")
"""


@pytest.mark.skipif(UNPRIVILEGED is None, reason="no program to give up root's rights with")
def test_in_a_read_only_folder_only_an_empty_file_is_written(tmp_path: Path) -> None:
    assert UNPRIVILEGED is not None
    (tmp_path / "empty").touch()
    (tmp_path / "full").write_text("kept")
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "protected").write_text("kept")
    (tmp_path / "open" / "protected").chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        command = [*UNPRIVILEGED, sys.executable, "-c", CLOSED_FOLDER, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        tmp_path.chmod(0o755)
    assert done.stdout.split() == ["ok", "ok", *["refused"] * 6]
    assert (tmp_path / "empty").read_text() == "new"
    assert (tmp_path / "full").read_text() == (tmp_path / "open" / "protected").read_text() == "kept"
