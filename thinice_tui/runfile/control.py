"""Asking the engine that computes a run: a small file beside the run file, read by the engine.

A file and not a signal, so that a view in another terminal, container or machine that shares the folder
can ask, too. The run file itself stays with its one writer.
"""

import platform
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from thinice_tui.errors import RunFileError
from thinice_tui.runfile.records import EngineRecord, Run
from thinice_tui.safe_io.atomic_write import write_text

if TYPE_CHECKING:
    import psutil  # where it is used: a view appears without waiting for it

Wish = Literal["run", "pause", "stop"]
"""run: go on; pause: wait, keeping everything in memory; stop: end after the batch in flight."""
SILENCE = 20.0
"""Seconds without a heartbeat after which an engine on another machine is taken as gone."""
STARTING_SILENCE = 600.0
"""The same while it starts: it is silent while it reads models and data."""
SAME_BIRTH = 5.0
"""Seconds by which two readings of a process's creation time may differ, as clocks are set."""


def ask(run: Path, wish: Wish) -> None:
    """Leave `wish` for the engine of the run file `run`; raises RunFileError where that cannot be written."""
    file = _file(run)
    try:
        write_text(file, wish, sync=False)
    except OSError as error:
        raise RunFileError(
            f"{file}: cannot be written ({error.strerror}), so the engine cannot be asked", "it goes on as it is"
        ) from error


def asked(run: Path) -> Wish:
    """What the engine of `run` is asked to do; `run` where nothing (readable) is asked."""
    try:
        text = _file(run).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return "run"
    return cast(Wish, text) if text in get_args(Wish) else "run"


def clear(run: Path) -> None:
    """Nothing is asked any more: an engine begins, or has ended."""
    with suppress(OSError):
        _file(run).unlink(missing_ok=True)


def this_engine(log: Path | None) -> EngineRecord:
    """The process that calls, as the engine of a run."""
    import psutil

    process = psutil.Process()
    return EngineRecord(process.pid, process.create_time(), platform.node(), None if log is None else str(log))


def engine_process(engine: EngineRecord | None) -> "psutil.Process | None":
    """The living process on this machine that `engine` is; None where it has ended or runs elsewhere."""
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
    """Whether an engine works on `run`; one on another machine is judged by its heartbeat."""
    if run.complete or run.engine is None:
        return False
    if run.engine.host == platform.node():
        return engine_process(run.engine) is not None
    if run.heartbeat is None:
        return False
    silence = STARTING_SILENCE if run.heartbeat.state == "starting" else SILENCE
    return abs(time.time() - run.heartbeat.at) < silence


def kill(run: Run) -> None:
    """End the engine at once; the batch in flight is lost. Raises RunFileError where it cannot be reached."""
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


def _file(run: Path) -> Path:
    return run.with_name(f"{run.name}.control")
