"""Asking an engine, and knowing whether there is one."""

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import psutil
import pytest

from tests.fake_runs import write_run
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.control import (
    SILENCE,
    STARTING_SILENCE,
    Wish,
    ask,
    asked,
    clear,
    engine_process,
    is_computing,
    kill,
    this_engine,
)
from thinice_tui.runfile.records import EngineRecord, Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with a stage to go, whose engine is not known."""
    return write_run(tmp_path / "made.thinice", {"dense": "dense", "p": "pruned"}, n=20, through=2)


@pytest.fixture
def child() -> "Iterator[subprocess.Popen[bytes]]":
    """A process that lives until its stdin is closed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    yield process
    process.kill()
    process.communicate()


def record(process: "subprocess.Popen[bytes]") -> EngineRecord:
    return EngineRecord(process.pid, psutil.Process(process.pid).create_time(), platform.node(), None)


def beaten(run: Run, seconds_ago: float) -> Run:
    beat = Heartbeat(time.time() - seconds_ago, "running", "dense", "APGD-T", 5, 10, 100.0, 30.0)
    return replace(run, heartbeat=beat)


def elsewhere(run: Run) -> Run:
    return replace(run, engine=replace(this_engine(None), host=f"not-{platform.node()}"))


# asking


@pytest.mark.parametrize("wish", get_args(Wish))
def test_what_is_asked_is_heard_until_it_is_forgotten(tmp_path: Path, wish: Wish) -> None:
    path = tmp_path / "a.thinice"
    assert asked(path) == "run"
    ask(path, "pause")
    ask(path, wish)
    assert asked(path) == wish
    assert len(list(tmp_path.iterdir())) == 1, "one file, whoever has asked how often"
    clear(path)
    assert asked(path) == "run" and not list(tmp_path.iterdir())
    clear(path)


def test_each_run_has_its_own_wishes(tmp_path: Path) -> None:
    ask(tmp_path / "a.thinice", "stop")
    assert asked(tmp_path / "b.thinice") == "run" and asked(tmp_path / "a") == "run"


@pytest.mark.parametrize("content", [b"", b"paused", b"STOP", b"stop now", b"\xff\xfe\x00", b"{}", b"stop\n" * 2])
def test_rubbish_in_the_control_file_asks_for_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.thinice"
    ask(path, "stop")
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    assert asked(path) == "run"
    file.write_bytes(b" stop\n")
    assert asked(path) == "stop", "as an editor, or echo, would write it"


def test_where_nothing_can_be_written_asking_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match=r"a\.thinice\.control: cannot be written") as caught:
        ask(tmp_path / "absent" / "a.thinice", "stop")
    assert "it goes on" in caught.value.do
    assert asked(tmp_path / "absent" / "a.thinice") == "run"
    clear(tmp_path / "absent" / "a.thinice")


def test_what_is_in_the_way_of_the_control_file_is_an_error_that_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.thinice.control").mkdir()
    with pytest.raises(RunFileError, match="cannot be written"):
        ask(tmp_path / "a.thinice", "pause")
    assert asked(tmp_path / "a.thinice") == "run"
    assert [file.name for file in tmp_path.iterdir()] == ["a.thinice.control"]
    clear(tmp_path / "a.thinice")


# the engine's process


def test_this_process_is_alive_and_known_again(run: Run) -> None:
    engine = this_engine(Path("/a/log"))
    assert (engine.pid, engine.host, engine.log) == (os.getpid(), platform.node(), "/a/log")
    assert this_engine(None).log is None
    process = engine_process(engine)
    assert process is not None and process.pid == os.getpid()
    assert is_computing(replace(run, engine=engine))


def test_an_engine_that_has_not_beaten_yet_is_computing(run: Run) -> None:
    assert is_computing(replace(run, engine=this_engine(None), heartbeat=None))


def test_an_engine_that_has_been_silent_for_long_is_computing_while_its_process_lives(run: Run) -> None:
    """One batch on a slow machine; what the process says is better than any clock."""
    assert is_computing(beaten(replace(run, engine=this_engine(None)), 100 * SILENCE))


def test_no_engine_is_none(run: Run) -> None:
    assert engine_process(None) is None
    assert not is_computing(beaten(replace(run, engine=None), 0))


def test_a_process_that_has_ended_is_not_alive_reaped_or_not(run: Run, child: "subprocess.Popen[bytes]") -> None:
    engine = record(child)
    assert engine_process(engine) is not None
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody was told: a zombie
    assert engine_process(engine) is None and not is_computing(replace(run, engine=engine))
    child.wait()
    assert engine_process(engine) is None and not is_computing(beaten(replace(run, engine=engine), 0))


def test_a_later_process_of_the_same_id_is_not_the_engine(run: Run, child: "subprocess.Popen[bytes]") -> None:
    engine = record(child)
    for other in (engine.born - 60, engine.born + 60):
        reused = replace(run, engine=replace(engine, born=other))
        assert engine_process(reused.engine) is None and not is_computing(beaten(reused, 0))
        with pytest.raises(RunFileError, match="does not run on this machine"):
            kill(reused)
    assert child.poll() is None, "a stranger's process is left alone"
    assert engine_process(replace(engine, born=engine.born + 1)) is not None, "clocks are set, by a little"


@pytest.mark.parametrize(
    ("ago", "computing"), [(0.0, True), (SILENCE - 5, True), (SILENCE + 5, False), (-5.0, True), (-SILENCE - 5, False)]
)
def test_an_engine_on_another_machine_is_judged_by_its_heartbeat(run: Run, ago: float, computing: bool) -> None:
    assert is_computing(beaten(elsewhere(run), ago)) == computing


@pytest.mark.parametrize(("ago", "computing"), [(SILENCE + 5, True), (STARTING_SILENCE + 5, False)])
def test_an_engine_on_another_machine_may_take_long_to_start(run: Run, ago: float, computing: bool) -> None:
    silent = beaten(elsewhere(run), ago)
    assert silent.heartbeat is not None
    assert is_computing(replace(silent, heartbeat=replace(silent.heartbeat, state="starting"))) == computing


def test_an_engine_on_another_machine_that_never_beat_is_gone(run: Run) -> None:
    assert not is_computing(replace(elsewhere(run), heartbeat=None))


def test_a_finished_run_is_never_computing(run: Run) -> None:
    finished = replace(run, info=replace(run.info, finished=time.time()))
    assert not is_computing(replace(finished, engine=this_engine(None)))
    assert not is_computing(beaten(elsewhere(finished), 0))


def test_kill_ends_the_engine_at_once(run: Run, child: "subprocess.Popen[bytes]") -> None:
    kill(replace(run, engine=record(child)))
    assert child.wait(timeout=30) == -signal.SIGKILL


def test_kill_refuses_an_engine_that_is_not_on_this_machine(run: Run, child: "subprocess.Popen[bytes]") -> None:
    there = replace(run, engine=replace(record(child), host=f"not-{platform.node()}"))
    for unreachable in (there, replace(run, engine=None)):
        with pytest.raises(RunFileError, match="does not run on this machine") as caught:
            kill(beaten(unreachable, 0))
        assert "stop it there" in caught.value.do
    assert child.poll() is None
