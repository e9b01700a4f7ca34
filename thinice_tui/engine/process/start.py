"""The engine as a process of its own, for a view that watches the run file it writes."""

import io
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from thinice_tui.engine.process.environment import step_back
from thinice_tui.errors import RunBusyError, RunFileError
from thinice_tui.protocol.request import Request
from thinice_tui.report.console import ConsoleObserver
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.run_claim import RunClaim

WIDTH = 100


class Announcer:
    """Tells the starter, once, where the run and its log are: a line of JSON, {"run": path, "log": path or null}.

    On a descriptor that nobody else knows: models print whatever they like to stdout and stderr.
    """

    def __init__(self, descriptor: int | None) -> None:
        """descriptor: one to write to, which the starter reads; None: nobody waits for it."""
        self._descriptor = descriptor
        if descriptor is not None:
            with suppress(OSError):
                os.set_inheritable(descriptor, False)  # a model may start processes that outlive this one

    def announce(self, run: Path, log: Path | None) -> None:
        """log: None where there is none."""
        if self._descriptor is None:
            return
        line = json.dumps({"run": str(run.absolute()), "log": None if log is None else str(log)})
        with suppress(OSError):  # the starter has gone already: then nobody needs to be told
            os.write(self._descriptor, f"{line}\n".encode())
        with suppress(OSError):
            os.close(self._descriptor)
        self._descriptor = None


def run_engine(request: Request, announcer: Announcer) -> None:
    """Compute `request`; raises ThiniceError.

    Messages, and what models print, go to stdout and stderr, which the starter keeps, and from the moment on that the
    run has a name into NAME.thinice.log. A run that is resumed says first of all that this engine is at it. Beside a
    finished run where nothing can be written there is no log.
    """
    os.chdir(request.folder)
    step_back()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what models print is in the log when they are killed, too
    console = Console(file=sys.stderr, width=WIDTH, force_terminal=False, emoji=False)
    path = request.run
    try:
        with RunClaim() as hold:
            if path is not None:
                hold.acquire(path, _log(path))
            from thinice_tui.engine.compare import execute, prepare  # torch takes seconds: views are told before

            prepared = prepare(request)
            path = prepared.path
            log = _written_to(_log(path), path)
            hold.acquire(path, log)
            announcer.announce(path, log)
            with ConsoleObserver(console) as observer:
                execute(request, prepared, observer, log, hold)
    except RunBusyError as busy:
        assert path is not None
        announcer.announce(path, _log(path))
        console.print(f"{busy.what}: this one is not needed", markup=False)


def _log(run: Path) -> Path:
    return Path(f"{run}.log").absolute()


def _written_to(log: Path, run: Path) -> Path | None:
    """From now on stdout and stderr are the end of `log`; None where it cannot be, nor need be: `run` is finished."""
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
