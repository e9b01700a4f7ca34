"""The engine as a process of its own: what it announces, how it ends, and what it outlives."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.engine_runs import request as quick
from tests.linear_models import SLOW, WAITING, Files, write_files
from tests.places import PRINTING
from tests.printing import WORDS, forward, imported
from thinice_tui.errors import RunFileError, ThiniceError
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.control import write_control
from thinice_tui.runfile.liveness import engine_process, is_computing
from thinice_tui.runfile.reader import read_run
from thinice_tui.tui.engine_process import Announcement, EngineProcess, describe_exit, tail


def test_a_log_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A stranger's run file may name anything."""
    os.mkfifo(tmp_path / "log")
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(tail(tmp_path / "log")), daemon=True)
    reader.start()
    reader.join(1)
    waited = reader.is_alive()
    if waited:
        os.close(os.open(tmp_path / "log", os.O_RDWR | os.O_NONBLOCK))  # let the thread end
    assert not waited and found == [""]


DEADLINE = 120.0


STARTER = """
import json, sys, time
from thinice_tui.protocol.request import Request
from thinice_tui.tui.engine_process import EngineProcess

process = EngineProcess(Request.from_dict(json.loads(sys.argv[1])))
print("started", flush=True)
process.announcement()
print("announced", flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return write_files(tmp_path_factory.mktemp("files"), n=32)


def wanted(files: Files, run: Path, **changes: object) -> Request:
    """A quick run, in the current folder; slow while a file says so."""
    return quick(files, run, control=None, **{"arch": SLOW, **changes})


@pytest.fixture
def start() -> Iterator[Callable[[Request], EngineProcess]]:
    """Start engines that end with the test at the latest."""
    started: list[EngineProcess] = []

    def starting(request: Request) -> EngineProcess:
        started.append(EngineProcess(request))
        return started[-1]

    yield starting
    for process in started:
        process.kill()
        process.wait()


def wait_until(met: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not met():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


def batches(run: Path) -> int:
    try:
        return sum(stage.attacked > 0 for model in read_run(run).models for stage in model.stages)
    except RunFileError:  # not there yet
        return 0


def killed_after_a_batch(process: EngineProcess) -> Announcement:
    """Kill an engine once it has written a batch; what it announced."""
    announced = process.announcement()
    assert announced is not None, process.last_messages()
    wait_until(lambda: batches(announced.run), "a batch is done")
    process.kill()
    process.wait()
    return announced


def test_it_announces_its_run_and_log_and_ends_well(
    files: Files, tmp_path: Path, start: Callable[[Request], EngineProcess]
) -> None:
    """In a folder whose files have the names of modules: none of them may be imported."""
    for name in ("torch", "thinice_tui", "json", "typer", "typing", "numpy", "sitecustomize", "usercustomize"):
        Path(f"{name}.py").write_text(f"raise SystemExit('{name}.py of the working folder was imported')\n")
    process = start(wanted(files, Path("runs/a.thinice")))
    assert process.log is None
    read: list[tuple[str, int, int]] = []
    announced = process.announcement(lambda *one: read.append(one))
    parts = ("dense", "pruned", "the data", "how the models take their images")
    assert read == [(part, number, 4) for number, part in enumerate(parts, 1)]
    run = tmp_path / "runs" / "a.thinice"
    assert announced == Announcement(run, Path(f"{run}.log")) and process.log == announced.log, process.last_messages()
    assert process.wait() == 0
    found = read_run(run)
    assert found.complete and found.engine is not None and found.engine.log == str(announced.log)
    assert announced.log is not None
    log = announced.log.read_text()
    for words in ("dense · clean: accuracy", "pruned · APGD-T:", "robust accuracy ≤"):
        assert words in log
    assert "\x1b" not in log and "Traceback" not in log
    assert process.last_messages().splitlines()[-1] == log.rstrip().splitlines()[-1].rstrip()
    assert not run.with_name("a.thinice.control").exists()


def test_what_keeps_it_from_starting_is_in_its_last_messages(
    files: Files, start: Callable[[Request], EngineProcess]
) -> None:
    process = start(wanted(files, Path("a.thinice"), pruned=(Path("absent.pt"),)))
    assert process.announcement() is None and process.log is None
    assert process.wait() == 1
    words = " ".join(process.last_messages().split())
    assert "error: absent.pt: there is no such file" in words and "Traceback" not in words
    assert not Path("a.thinice").exists() and not Path("a.thinice.log").exists()


def test_a_folder_that_is_gone_is_an_error(files: Files, tmp_path: Path) -> None:
    with pytest.raises(ThiniceError, match="the engine cannot be started"):
        EngineProcess(wanted(files, Path("a.thinice"), folder=tmp_path / "absent"))


def test_ended_before_it_has_said_anything_it_was_killed(
    files: Files, start: Callable[[Request], EngineProcess]
) -> None:
    process = start(wanted(files, Path("a.thinice")))
    process.kill()
    assert process.announcement() is None and process.wait() == -signal.SIGKILL
    assert process.last_messages() == ""


def test_whatever_a_model_prints_is_in_its_log_and_announces_nothing(
    files: Files, tmp_path: Path, start: Callable[[Request], EngineProcess]
) -> None:
    """At import, as it is made, in its forward pass, from C, and as the process ends."""
    process = start(wanted(files, Path("a.thinice"), arch=PRINTING))
    announced = process.announcement()
    assert announced == Announcement(tmp_path / "a.thinice", tmp_path / "a.thinice.log"), process.last_messages()
    assert process.wait() == 0 and read_run(announced.run).complete
    assert announced.log is not None
    log = announced.log.read_text()
    assert [word for word in (forward, *WORDS[-2:]) if word not in log] == []
    assert "dense · clean: accuracy" in log


def test_what_a_model_prints_before_it_fails_is_in_the_last_messages(
    files: Files, start: Callable[[Request], EngineProcess]
) -> None:
    process = start(wanted(files, Path("a.thinice"), arch=PRINTING, data="absent.npz"))
    assert process.announcement() is None and process.wait() == 1
    words = process.last_messages()
    said = [word for word in WORDS if word not in (imported, forward)]  # what is said first is no last message
    assert "absent.npz" in words and [word for word in said if word not in words] == []
    assert not Path("a.thinice.log").exists()


def test_an_engine_that_goes_on_is_named_before_its_models_are_made(
    files: Files, start: Callable[[Request], EngineProcess]
) -> None:
    """Not the one that died, for as long as models, data and checks take; and no second one begins meanwhile."""
    request = wanted(files, Path("a.thinice"), arch=WAITING)
    Path("slow").write_text("0.02")
    announced = killed_after_a_batch(start(request))
    cut = read_run(announced.run)
    assert not cut.complete and not is_computing(cut)

    Path("wait").touch()
    second = start(request)
    wait_until(lambda: engine_process(read_run(announced.run).engine), "the record of the second")
    taken = read_run(announced.run)
    assert taken.engine is not None and taken.engine.pid == second.pid and is_computing(taken)
    assert taken.heartbeat is not None and taken.heartbeat.state == "starting"
    third = start(request)
    assert third.announcement() == announced and third.wait() == 0
    assert "this one is not needed" in third.last_messages()
    assert read_run(announced.run).engine == taken.engine

    second.kill()
    second.wait()
    assert not is_computing(read_run(announced.run)), "killed at that moment it is seen to be gone"
    Path("wait").unlink()
    Path("slow").unlink()
    last = start(request)
    assert last.announcement() == announced and last.wait() == 0
    assert read_run(announced.run).complete


def test_a_run_that_is_found_by_its_content_is_announced_with_its_engine(
    files: Files, start: Callable[[Request], EngineProcess]
) -> None:
    """Its path is known only once models and data are read; the checks are still to come."""
    request = replace(wanted(files, Path("a.thinice")), run=None)
    Path("slow").write_text("0.02")
    announced = killed_after_a_batch(start(request))
    Path("slow").write_text("0.3")
    second = start(request)
    assert second.announcement() == announced
    found = read_run(announced.run)
    assert found.engine is not None and found.engine.pid == second.pid and is_computing(found)
    assert found.heartbeat is not None and found.heartbeat.state == "starting"


def test_killed_it_says_by_what_and_what_it_computed_is_kept(
    files: Files, start: Callable[[Request], EngineProcess]
) -> None:
    Path("slow").write_text("0.02")
    process = start(wanted(files, Path("a.thinice")))
    announced = process.announcement()
    assert announced is not None, process.last_messages()
    wait_until(lambda: batches(announced.run), "a batch is done")
    engine = read_run(announced.run).engine
    found = engine_process(engine)
    assert engine is not None and found is not None and os.getsid(engine.pid) == engine.pid
    write_control(announced.run, "pause")
    found.kill()
    assert process.wait() == -9
    assert (
        describe_exit(process.wait()) == "The engine was killed (SIGKILL).\nThe system does that when memory runs out."
    )
    assert "dense · clean: accuracy" in process.last_messages()
    assert engine_process(engine) is None and batches(announced.run)


def test_a_second_engine_sees_that_it_is_not_needed(files: Files, start: Callable[[Request], EngineProcess]) -> None:
    Path("slow").write_text("0.02")
    request = wanted(files, Path("a.thinice"))
    first = start(request)
    announced = first.announcement()
    assert announced is not None, first.last_messages()
    wait_until(lambda: batches(announced.run), "a batch is done")
    before = read_run(announced.run).engine
    write_control(announced.run, "pause")

    second = start(request)
    assert second.announcement() == announced
    assert second.wait() == 0
    assert "another engine is writing to it: this one is not needed" in " ".join(second.last_messages().split())
    assert read_run(announced.run).engine == before and engine_process(before) is not None

    Path("slow").unlink()
    write_control(announced.run, "stop")
    assert first.wait() == 130, "what the first was asked is not forgotten by the second"
    assert "stopped as asked" in " ".join(first.last_messages().split())


@pytest.mark.parametrize("said", ["started", "announced"])
def test_it_outlives_its_starter_and_the_starters_terminal(files: Files, said: str) -> None:
    """Also where the starter dies while models and data are still being read."""
    run = Path("a.thinice").absolute()
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, json.dumps(wanted(files, run).as_dict())],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as starter:
        assert starter.stdout is not None
        for line in starter.stdout:
            if line.strip() == said:
                break
        (engine,) = psutil.Process(starter.pid).children()
        try:
            os.killpg(starter.pid, signal.SIGHUP)
            os.killpg(starter.pid, signal.SIGKILL)
            starter.wait()
            psutil.wait_procs([engine], timeout=DEADLINE)
            assert not engine.is_running()
            log = Path(f"{run}.log")
            assert run.exists() and read_run(run).complete, log.read_text() if log.exists() else "it left no log"
        finally:
            for left in (engine,) if engine.is_running() else ():
                left.kill()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "The engine was killed (SIGKILL).\nThe system does that when memory runs out."),
        (-11, "The engine was killed (SIGSEGV)."),
        (-99, "The engine was killed (signal 99)."),
        (130, "The engine was stopped."),
        (1, "The engine ended with an error (exit code 1)."),
    ],
)
def test_an_exit_code_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words


def test_the_end_of_a_log_is_short_and_harmless(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert tail(log) == "" and tail(tmp_path) == ""
    log.write_bytes(b"first\n" + b"x" * 50_000 + b"\n\n  \nred \x1b[31m\n\xff\xfe\r\nlast")
    lines = tail(log).splitlines()
    assert lines[-1] == "last" and "first" not in tail(log)
    assert tail(log).replace("\n", "").isprintable() and len(lines) <= 12
    log.write_text("".join(f"line {i}\n" for i in range(100)))
    assert tail(log).splitlines() == [f"line {i}" for i in range(88, 100)]
