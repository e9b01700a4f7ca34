"""Starts engines, kills each at a planned moment, and reports how it ended. Dozens take the time of one normal start.

A process that has imported torch forks each engine, so that an engine costs only the work it does. That process is not
the tests' own, whose threads a fork would lose.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass
from typing import Any, Literal

import torch

from tests.places import ROOT
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.engine.worker.clean import CleanTask
from thinice_tui.engine.worker.model_host import ModelHost
from thinice_tui.engine.worker.tasks import BatchTask, Task
from thinice_tui.protocol.progress import Heartbeat, SilentObserver
from thinice_tui.protocol.request import Request
from thinice_tui.runfile import writer

At = Literal["progress", "statement", "inside", "never"]


@dataclass(frozen=True)
class KillPlan:
    """When an engine is killed.

    progress: by its parent, `delay` seconds after it reported progress `count` times (a forward pass, or the start of a
    batch; 0: after its start), so at any point of its code or of SQLite's. statement: before its `count`-th SQL
    statement that starts with `words`. inside: during that statement, after `steps` instructions of SQLite's virtual
    machine. never: it ends by itself.
    """

    at: At
    count: int = 0
    delay: float = 0.0
    words: str = ""
    steps: int = 1


@dataclass(frozen=True)
class Ending:
    """How an engine ended."""

    signal: int
    """The signal that killed it; 0: it ended by itself."""
    started: tuple[tuple[int, str, int], ...]
    """The batches it started, as (model, stage, first place); for the clean pass (model, "clean", samples)."""
    error: str
    """Its error message, empty where there was none."""


def _kill_this_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _ProgressCounter(SilentObserver):
    """Tells the parent when progress was reported as often as the plan says."""

    def __init__(self, plan: KillPlan, ready: int) -> None:
        self._left, self._ready = plan.count if plan.at == "progress" else -1, ready
        self._tell()

    def progress(self, beat: Heartbeat) -> None:  # noqa: ARG002
        self._left -= 1
        self._tell()

    def _tell(self) -> None:
        if self._left == 0:
            os.write(self._ready, b"!")


def _killing_connect(plan: KillPlan) -> Callable[..., sqlite3.Connection]:
    """A `sqlite3.connect` whose connections kill this process as `plan` says."""
    connect = sqlite3.connect

    def connected(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        left = plan.count

        def traced(statement: str) -> None:
            nonlocal left
            left -= statement.lstrip().startswith(plan.words)
            if left == 0:
                if plan.at == "statement":
                    _kill_this_process()
                connection.set_progress_handler(_kill_this_process, plan.steps)

        if plan.at in ("statement", "inside"):
            connection.set_trace_callback(traced)
        return connection

    return connected


def _log_started_batches(log: int) -> None:
    """Write a line of JSON to `log` for each batch that this process starts to compute."""
    compute = ModelHost.compute

    def logged(self: ModelHost, task: Task[Any], on_forward: Callable[[int], None]) -> Any:
        if isinstance(task, BatchTask):
            started = task.model, task.name, task.first
        else:
            started = task.model, "clean" if isinstance(task, CleanTask) else task.name, len(task.positions)
        os.write(log, json.dumps(started).encode() + b"\n")
        return compute(self, task, on_forward)

    ModelHost.compute = logged  # type: ignore[method-assign]


def _engine(request: Request, plan: KillPlan, ready: int, log: int, errors: int) -> None:
    """The forked child: compute until done or killed. Never returns."""
    code = 1
    try:
        _log_started_batches(log)
        writer.sqlite3.connect = _killing_connect(plan)  # type: ignore[attr-defined]
        execute(request, prepare(request), _ProgressCounter(plan, ready))
        code = 0
    except BaseException as error:
        os.write(errors, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(code)


def _run_one(request: Request, plan: KillPlan) -> Ending:
    """Fork an engine, kill it when `plan` says so, and return how it ended."""
    pipes = [os.pipe() for _ in range(3)]
    pid = os.fork()
    if pid == 0:
        _engine(request, plan, *(write for _, write in pipes))
    for _, write in pipes:
        os.close(write)
    ready, log, errors = (open(read, "rb") for read, _ in pipes)  # noqa: SIM115, PTH123
    with ready, log, errors:
        # An engine writes a few kilobytes, which the pipes hold.
        if ready.read(1):
            time.sleep(plan.delay)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        started = [json.loads(line) for line in log.read().splitlines()]
        error = errors.read().decode()
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Ending(number, tuple((int(m), str(s), int(b)) for m, s, b in started), error)


class CrashHarness:
    """Runs engines that all compute `request`, one after the other. Use as a context manager."""

    def __init__(self, request: Request) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.crash_harness", json.dumps(request.as_dict())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment | {"PYTHONPATH": str(ROOT)},
        )

    def __enter__(self) -> "CrashHarness":
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.communicate()  # it ends when its input ends

    def run(self, plan: KillPlan) -> Ending:
        """Run one engine until it ends or is killed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(plan)) + "\n")
        self._process.stdin.flush()
        killed, started, error = json.loads(self._process.stdout.readline())
        return Ending(killed, tuple((int(m), str(s), int(b)) for m, s, b in started), error)


def main() -> None:
    torch.set_num_threads(1)
    request = Request.from_dict(json.loads(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(astuple(_run_one(request, KillPlan(**json.loads(line))))), flush=True)


if __name__ == "__main__":
    main()
