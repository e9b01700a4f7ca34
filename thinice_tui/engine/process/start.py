"""The engine as a process of its own; a view watches the run file that it writes."""

import io
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from thinice_tui.engine.worker.environment import lower_priority
from thinice_tui.errors import RunBusyError, RunFileError
from thinice_tui.protocol.request import Request
from thinice_tui.report.console import ConsoleObserver
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.run_claim import RunClaim

WIDTH = 100
"""Columns of the log."""


class Announcer:
    """Writes lines of JSON for the process that started the engine.

    What is read: {"reading": what, "number": 1, "total": 7}; and at last: {"run": path, "log": path or null}.

    It uses a file descriptor of its own, as models may print anything to stdout and stderr.
    """

    def __init__(self, descriptor: int | None) -> None:
        """descriptor: one that the starter reads; None: no starter waits."""
        self._descriptor = descriptor
        if descriptor is not None:
            with suppress(OSError):
                os.set_inheritable(descriptor, False)  # a model may start processes that live longer

    def reading(self, what: str, number: int, total: int) -> None:
        """Write what is read; nothing after `announce`."""
        if self._descriptor is not None:
            with suppress(OSError):  # the starter has ended: nobody reads it
                os.write(
                    self._descriptor, json.dumps({"reading": what, "number": number, "total": total}).encode() + b"\n"
                )

    def announce(self, run: Path, log: Path | None) -> None:
        """Write the last line; only the first call does. log: the engine's log file, None: there is none."""
        if self._descriptor is None:
            return
        line = json.dumps({"run": str(run.absolute()), "log": None if log is None else str(log)})
        with suppress(OSError):  # the starter has ended: nobody reads it
            os.write(self._descriptor, f"{line}\n".encode())
        with suppress(OSError):
            os.close(self._descriptor)
        self._descriptor = None


def run_engine(request: Request, announcer: Announcer) -> None:
    """Compute `request`; raises ThiniceError.

    Messages, and whatever models print, go to stdout and stderr until the run's path is known, then to its log,
    NAME.thinice.log. A finished run in a read-only folder has no log. A resumed run names this engine before models and
    data are read.
    """
    os.chdir(request.folder)
    lower_priority()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # the log keeps what models print, also when the engine is killed
    console = Console(file=sys.stderr, width=WIDTH, force_terminal=False, emoji=False)
    path = request.run
    try:
        with RunClaim() as claim:
            if path is not None:
                claim.acquire(path, _log_path(path))
            # only now, since importing torch takes seconds
            from thinice_tui.engine.compare import execute, prepare

            def reading(what: str, number: int, total: int) -> None:
                announcer.reading(what, number, total)
                claim.report(f"reading {what}, {number} of {total}")

            prepared = prepare(request, reading)
            path = prepared.path
            log = _redirect_output(_log_path(path), path)
            claim.acquire(path, log)
            announcer.announce(path, log)
            with ConsoleObserver(console) as observer:
                execute(request, prepared, observer, log, claim)
    except RunBusyError as busy:
        assert path is not None
        announcer.announce(path, _log_path(path))
        console.print(f"{busy.what}: this one is not needed", markup=False)


def _log_path(run: Path) -> Path:
    return Path(f"{run}.log").absolute()


def _redirect_output(log: Path, run: Path) -> Path | None:
    """Append stdout and stderr to `log` from now on; None where it cannot be written and `run` is finished anyway.

    Raises RunFileError where it cannot be written and the run is unfinished.
    """
    try:
        run.parent.mkdir(parents=True, exist_ok=True)
        stream = log.open("ab")
    except OSError as error:
        with suppress(RunFileError):
            if read_run(run).complete:
                return None
        raise RunFileError(
            f"{log}: cannot be written ({error.strerror})",
            "check that the folder exists and is writable, or give --run",
        ) from error
    with stream:
        for descriptor in (1, 2):
            os.dup2(stream.fileno(), descriptor)
    return log
