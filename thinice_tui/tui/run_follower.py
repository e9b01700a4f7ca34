"""Reading a run file again and again while an engine writes to it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from thinice_tui.analysis.rows import Rows
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.liveness import is_computing
from thinice_tui.runfile.reader import RunReader
from thinice_tui.runfile.records import Run, same_outcomes
from thinice_tui.tui.background import Background

POLL = 0.25
"""Seconds between two readings of the run file, at least."""
REST = 4
"""A pause is at least this many times as long as the reading before it: the engine needs the machine more."""


@dataclass(frozen=True)
class Reading:
    """The run as it was read. rows: None where outcomes are those of the reading before, or nobody asks for rows."""

    run: Run
    is_computing: bool
    """Whether the engine that the run file names is alive."""
    rows: Rows | None


class RunFollower:
    """Reads one run file in a thread, and hands over each reading that differs from the one before."""

    def __init__(
        self,
        path: Path,
        background: Background,
        *,
        is_expected: bool,
        rows_of: Callable[[Run], Rows] | None,
        on_read: Callable[[Reading], None],
        on_error: Callable[[RunFileError], None],
    ) -> None:
        """`is_expected`: an engine is about to write the file, so it is no error that there is none yet.

        rows_of: the rows of a run that are looked at; called in the thread. None: the run is read alone.
        """
        self._path, self._background, self._is_expected = path, background, is_expected
        self._rows_of, self._on_read, self._on_error = rows_of, on_read, on_error
        self._stopped = threading.Event()
        background.start(self._follow)

    def stop(self) -> None:
        """End the thread, at once where it waits."""
        self._stopped.set()

    def _follow(self) -> None:
        reader = RunReader(self._path)
        run: Run | None = None
        computing, problem = False, ""
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                now = reader.read()
            except RunFileError as error:
                being_made = run is None and self._is_expected  # if that fails, the engine reports it
                if error.what != problem and not being_made:
                    problem = error.what
                    self._background.deliver(self._on_error, error)
            else:
                computing_now = is_computing(now)
                if now is not run or computing_now != computing or problem:
                    same = run is not None and same_outcomes(run, now)
                    rows = None if same or self._rows_of is None else self._rows_of(now)
                    self._background.deliver(self._on_read, Reading(now, computing_now, rows))
                run, computing, problem = now, computing_now, ""
            self._stopped.wait(max(POLL, REST * (time.monotonic() - began)))
