"""The engine as a process of its own, for a view that watches the run file it writes."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from rich.console import Console

from thinice_tui.engine.compare import execute, prepare
from thinice_tui.engine.console import ConsoleObserver
from thinice_tui.engine.environment import step_back
from thinice_tui.errors import RunBusyError, RunFileError
from thinice_tui.runfile.reader import read_run
from thinice_tui.settings import Request

WIDTH = 100


def run_engine(request: Request) -> None:
    """Compute `request`; raises ThiniceError.

    Messages go to stderr, which the starter keeps, and into NAME.thinice.log once the run has a name.
    That name is one line of JSON on stdout: {"run": path, "log": path}; then stdout is the log, too. Beside a finished
    run where nothing can be written, there is no log: it is null.
    """
    os.chdir(request.folder)
    step_back()
    prepared = prepare(request)
    file = Path(f"{prepared.path}.log").absolute()
    stream = _opened(file, prepared.path)
    log = None if stream is None else file
    announcement = json.dumps({"run": str(prepared.path.absolute()), "log": None if log is None else str(log)})
    with suppress(BrokenPipeError):  # the starter has gone already: then nobody needs to be told
        print(announcement, flush=True)
    if stream is not None:
        with stream:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
    console = Console(file=sys.stderr, width=WIDTH, force_terminal=False, emoji=False)
    try:
        with ConsoleObserver(console) as observer:
            execute(request, prepared, observer, log)
    except RunBusyError as busy:
        console.print(f"{busy.what}: this one is not needed", markup=False)


def _opened(log: Path, run: Path) -> BinaryIO | None:
    """The log, opened for what comes; None where it cannot be, and is not needed, because `run` is finished."""
    try:
        run.parent.mkdir(parents=True, exist_ok=True)
        return log.open("ab")
    except OSError as error:
        with suppress(RunFileError):
            if read_run(run).complete:
                return None
        raise RunFileError(
            f"{log}: cannot be written ({error.strerror})",
            "check that the folder exists and is writable, or give --run",
        ) from error
