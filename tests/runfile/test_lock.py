"""One engine a run file, and no lock file left behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.runfile.small_runs import open_writer
from thinice_tui.errors import RunBusyError, RunFileError
from thinice_tui.runfile.lock import RunLock

HOLD = """
import sys
from pathlib import Path
from thinice_tui.runfile.lock import RunLock
lock = RunLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.readline()
lock.release()
"""
TAKE_TURNS = """
import os, sys, time
from pathlib import Path
from thinice_tui.errors import RunBusyError
from thinice_tui.runfile.lock import RunLock
run, inside = Path(sys.argv[1]), Path(sys.argv[2])
ended, turns = time.monotonic() + 1.5, 0
while time.monotonic() < ended:
    try:
        lock = RunLock(run)
    except RunBusyError:
        continue
    os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # raises where another is inside
    time.sleep(0.001)
    inside.unlink()
    lock.release()
    turns += 1
print(turns)
"""


def start(code: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_second_process_is_refused_and_the_lock_file_stays(tmp_path: Path) -> None:
    run = tmp_path / "a.thinice"
    with start(HOLD, run) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        for _ in range(2):
            with pytest.raises(RunBusyError, match="another engine is writing to it"):
                RunLock(run)
            assert (tmp_path / "a.thinice.lock").exists(), "it is in use"
        other.communicate("\n")
    assert not list(tmp_path.iterdir())
    RunLock(run).release()
    assert not list(tmp_path.iterdir())


def test_many_processes_never_hold_the_lock_at_the_same_time(tmp_path: Path) -> None:
    others = [start(TAKE_TURNS, tmp_path / "a.thinice", tmp_path / "inside") for _ in range(3)]
    told = [other.communicate() for other in others]
    assert [error for _, error in told] == [""] * 3
    assert sum(int(turns) for turns, _ in told) > 10
    assert not list(tmp_path.iterdir())


def test_a_lock_file_that_replaced_ours_is_not_removed(tmp_path: Path) -> None:
    lock = RunLock(tmp_path / "a.thinice")
    file = tmp_path / "a.thinice.lock"
    file.rename(tmp_path / "away")
    file.touch()
    lock.release()
    assert file.exists()


def test_a_refused_run_leaves_no_lock_file(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    open_writer(path).__exit__()
    assert [file.name for file in tmp_path.iterdir()] == ["a.thinice"], "nor does a good end"
    for content in (None, b"no database, but long enough to have a header " * 4):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(RunFileError, match=r"holds another run|not a run file"):
            open_writer(path, seed=1)
        assert [file.name for file in tmp_path.iterdir()] == ["a.thinice"]
