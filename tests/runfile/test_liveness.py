"""Whether there is an engine: by its process on this machine, by its heartbeat on another one."""

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.fake_runs import write_run
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.liveness import (
    SILENCE,
    STARTING_SILENCE,
    engine_process,
    is_computing,
    kill_engine,
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


def test_this_process_is_found_by_its_record(run: Run) -> None:
    engine = this_engine(Path("/a/log"))
    assert (engine.pid, engine.host, engine.log) == (os.getpid(), platform.node(), "/a/log")
    assert this_engine(None).log is None
    process = engine_process(engine)
    assert process is not None and process.pid == os.getpid()
    assert is_computing(replace(run, engine=engine))


def test_an_engine_without_a_heartbeat_yet_is_computing(run: Run) -> None:
    assert is_computing(replace(run, engine=this_engine(None), heartbeat=None))


def test_an_engine_that_has_been_silent_for_long_is_computing_while_its_process_lives(run: Run) -> None:
    """One batch on a slow machine; what the process says is better than any clock."""
    assert is_computing(beaten(replace(run, engine=this_engine(None)), 100 * SILENCE))


def test_without_a_record_there_is_no_engine(run: Run) -> None:
    assert engine_process(None) is None
    assert not is_computing(beaten(replace(run, engine=None), 0))


def test_a_process_that_has_ended_is_not_alive_even_as_a_zombie(run: Run, child: "subprocess.Popen[bytes]") -> None:
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
            kill_engine(reused)
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


def test_an_engine_on_another_machine_without_a_heartbeat_has_ended(run: Run) -> None:
    assert not is_computing(replace(elsewhere(run), heartbeat=None))


def test_a_finished_run_is_never_computing(run: Run) -> None:
    finished = replace(run, info=replace(run.info, finished=time.time()))
    assert not is_computing(replace(finished, engine=this_engine(None)))
    assert not is_computing(beaten(elsewhere(finished), 0))


def test_kill_ends_the_engine_at_once(run: Run, child: "subprocess.Popen[bytes]") -> None:
    kill_engine(replace(run, engine=record(child)))
    assert child.wait(timeout=30) == -signal.SIGKILL


def test_kill_refuses_an_engine_that_is_not_on_this_machine(run: Run, child: "subprocess.Popen[bytes]") -> None:
    there = replace(run, engine=replace(record(child), host=f"not-{platform.node()}"))
    for unreachable in (there, replace(run, engine=None)):
        with pytest.raises(RunFileError, match="does not run on this machine") as caught:
            kill_engine(beaten(unreachable, 0))
        assert "stop it there" in caught.value.do
    assert child.poll() is None
