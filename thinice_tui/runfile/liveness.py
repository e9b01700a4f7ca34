"""Whether the engine of a run still computes, and how to end it at once."""

import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.records import EngineRecord, Run

if TYPE_CHECKING:
    import psutil  # imported inside functions: a view appears before it has loaded

SILENCE = 20.0
"""Seconds without a heartbeat after which an engine on another machine counts as ended."""
STARTING_SILENCE = 600.0
"""The same while it starts: it writes no heartbeat while it reads models and data."""
SAME_BIRTH = 5.0
"""Seconds by which two readings of a process's creation time may differ, as clocks are set."""


def this_engine(log: Path | None) -> EngineRecord:
    """The calling process as the engine of a run. log: the file of its messages; None: a terminal."""
    import psutil

    process = psutil.Process()
    return EngineRecord(process.pid, process.create_time(), platform.node(), None if log is None else str(log))


def engine_process(engine: EngineRecord | None) -> "psutil.Process | None":
    """The engine's process; None where it has ended, runs on another machine or was never recorded."""
    if engine is None or engine.host != platform.node():
        return None
    import psutil

    try:
        process = psutil.Process(engine.pid)
        same = abs(process.create_time() - engine.born) < SAME_BIRTH
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def is_computing(run: Run) -> bool:
    """Whether an engine computes `run`: on this machine by its process, on another one by its heartbeat."""
    if run.complete or run.engine is None:
        return False
    if run.engine.host == platform.node():
        return engine_process(run.engine) is not None
    if run.heartbeat is None:
        return False
    silence = STARTING_SILENCE if run.heartbeat.state == "starting" else SILENCE
    return abs(time.time() - run.heartbeat.at) < silence


def kill_engine(run: Run) -> None:
    """End the engine at once; the batches in flight are lost. Raises RunFileError where it cannot be reached."""
    import psutil

    process = engine_process(run.engine)
    if process is None:
        raise RunFileError(
            "the engine does not run on this machine", "stop it there, or ask it to stop after its batch"
        )
    try:
        process.kill()
    except psutil.Error as error:
        raise RunFileError(f"the engine (process {process.pid}) cannot be killed: {error}", "is it yours?") from error
