"""Engines that can be killed at any moment, dozens of them in the time of one start.

A process that has torch forks each engine, so that a life costs what the engine does and no more. It is a process of
its own, because the tests' has threads, which a fork would leave behind.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, astuple, dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from tests.places import ROOT
from thinice_tui.engine.compare import execute, prepare
from thinice_tui.engine.worker.executor import BatchTask, LocalExecutor
from thinice_tui.protocol.progress import Heartbeat, SilentObserver
from thinice_tui.protocol.request import Request
from thinice_tui.runfile import writer
from thinice_tui.runfile.records import BatchOutcome

At = Literal["progress", "statement", "inside", "never"]


@dataclass(frozen=True)
class KillPlan:
    """When an engine is killed.

    progress: by its parent, `delay` seconds after it has told of progress `count` times (a forward pass, or a batch
    that begins; 0: after its birth), so at any point of its code or of SQLite's. statement: before its `count`-th SQL
    statement that begins with `words`. inside: within that one, after `steps` instructions of SQLite's machine. never:
    it ends by itself.
    """

    at: At
    count: int = 0
    delay: float = 0.0
    words: str = ""
    steps: int = 1


@dataclass(frozen=True)
class Death:
    """How a life ended. signal: 0 where the engine ended by itself; begun: the batches that it began, as (model, stage,
    number), and of the clean pass (model, "clean", samples); said: its error, empty where there was none."""

    signal: int
    begun: tuple[tuple[int, str, int], ...]
    said: str


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Watched(SilentObserver):
    """Tells the parent that the forward pass is reached after which the engine is to be killed."""

    def __init__(self, life: KillPlan, ready: int) -> None:
        self._left, self._ready = life.count if life.at == "progress" else -1, ready
        self._tell()

    def progress(self, beat: Heartbeat) -> None:  # noqa: ARG002
        self._left -= 1
        self._tell()

    def _tell(self) -> None:
        if self._left == 0:
            os.write(self._ready, b"!")


def _doomed(life: KillPlan) -> Callable[..., sqlite3.Connection]:
    """`sqlite3.connect` whose connection kills its process as `life` says."""
    connect = sqlite3.connect

    def connected(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        left = life.count

        def traced(statement: str) -> None:
            nonlocal left
            left -= statement.lstrip().startswith(life.words)
            if left == 0:
                if life.at == "statement":
                    _die()
                connection.set_progress_handler(_die, life.steps)

        if life.at in ("statement", "inside"):
            connection.set_trace_callback(traced)
        return connection

    return connected


def _log_what_begins(log: int) -> None:
    """Each batch that this process begins to compute becomes a line of JSON."""
    run, clean = LocalExecutor.run, LocalExecutor.clean_logits

    def tell(*what: object) -> None:
        os.write(log, json.dumps(what).encode() + b"\n")

    def told_run(self: LocalExecutor, tasks: Iterable[BatchTask]) -> Iterator[tuple[BatchTask, BatchOutcome]]:
        def told() -> Iterator[BatchTask]:
            for task in tasks:
                tell(task.model, task.stage.name, task.number)
                yield task

        return run(self, told())

    def told_clean(self: LocalExecutor, model: int, images: NDArray[np.float32]) -> NDArray[np.float32]:
        tell(model, "clean", len(images))
        return clean(self, model, images)

    LocalExecutor.run = told_run  # type: ignore[method-assign]
    LocalExecutor.clean_logits = told_clean  # type: ignore[method-assign]


def _engine(request: Request, life: KillPlan, ready: int, log: int, errors: int) -> None:
    """The child: compute until done or killed; never returns."""
    code = 1
    try:
        _log_what_begins(log)
        writer.sqlite3.connect = _doomed(life)  # type: ignore[attr-defined]
        execute(request, prepare(request), _Watched(life, ready))
        code = 0
    except BaseException as error:
        os.write(errors, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(code)


def _one_life(request: Request, life: KillPlan) -> Death:
    """Bear an engine, kill it when `life` says so, and tell what became of it."""
    pipes = [os.pipe() for _ in range(3)]
    pid = os.fork()
    if pid == 0:
        _engine(request, life, *(write for _, write in pipes))
    for _, write in pipes:
        os.close(write)
    ready, log, errors = (open(read, "rb") for read, _ in pipes)  # noqa: SIM115, PTH123
    with ready, log, errors:
        # The pipes hold what a life writes: a few kilobytes.
        if ready.read(1):
            time.sleep(life.delay)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        begun = [json.loads(line) for line in log.read().splitlines()]
        said = errors.read().decode()
    died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Death(died, tuple((int(m), str(s), int(b)) for m, s, b in begun), said)


class CrashHarness:
    """Lives of engines that all compute `request`, one after the other. Use as a context manager."""

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
        self._process.communicate()  # it ends with its input

    def live(self, life: KillPlan) -> Death:
        """One engine from its birth to its end."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(life)) + "\n")
        self._process.stdin.flush()
        killed, begun, said = json.loads(self._process.stdout.readline())
        return Death(killed, tuple((int(m), str(s), int(b)) for m, s, b in begun), said)


def main() -> None:
    torch.set_num_threads(1)
    request = Request.from_dict(json.loads(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(astuple(_one_life(request, KillPlan(**json.loads(line))))), flush=True)


if __name__ == "__main__":
    main()
