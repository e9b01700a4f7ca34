"""Run control: a view can pause or stop the engine, and a time limit ends it."""

import time
from collections.abc import Callable
from pathlib import Path

from thinice_tui.engine.control.progress import ProgressTracker
from thinice_tui.errors import Interrupted
from thinice_tui.protocol.durations import duration
from thinice_tui.runfile.control import read_control

POLL_SECONDS = 0.2
"""Time between two readings of the control file."""


class RunControl:
    """Polled after every forward pass, to pause; asked after every batch, to end."""

    def __init__(self, run: Path, time_limit: float | None, tracker: ProgressTracker) -> None:
        """run: the run file; time_limit: seconds of work, None: unlimited."""
        self._run, self._time_limit, self._tracker = run, time_limit, tracker
        self._began = time.monotonic()
        self._polled = 0.0
        self._stop = False
        """Whether a view asks to stop."""
        self._heeded = False
        """Whether something was left out for that: then it cannot be withdrawn any more."""
        self.paused = 0.0
        """Seconds spent in pauses so far."""
        self.tell_pause: Callable[[bool], None] = lambda _: None
        """Called with True when a pause begins, and with False when it ends."""

    def poll(self) -> None:
        """Wait while a view asks for a pause; note a request to stop, and an expired time limit."""
        began = time.monotonic()
        if self._heeded or began - self._polled < POLL_SECONDS:
            return
        while (wish := read_control(self._run)) == "pause":
            if self._tracker.state != "paused":
                self.tell_pause(True)
            self._tracker.state = "paused"
            self._tracker.beat()
            time.sleep(POLL_SECONDS)
        self._polled = time.monotonic()
        if self._tracker.state == "paused":
            self.tell_pause(False)
            self.paused += self._polled - began
            self._tracker.exclude_pause(self._polled - began)
        self._stop = wish == "stop"
        self._tracker.state = "stopping" if self._stop or self._is_late() else "running"

    def is_ending(self, kept: bool = True) -> bool:
        """Whether a view asked to stop or the time limit is over, so that no further batch begins.

        kept: whether a batch of this engine is in the run file; else a time limit does not end here, or a command with
        a short limit would compute the same batches again and again. A stop that was told once holds.
        """
        if self._stop and not self._heeded:
            self._heeded, self._tracker.state = True, "stopping"
        return self._heeded or (kept and self._is_late())

    def end_if_asked(self, kept: bool = True) -> None:
        """Raise Interrupted, between two batches, where `is_ending(kept)`."""
        if not self.is_ending(kept):
            return
        late = kept and self._is_late()
        self._tracker.state = "stopping"
        self._tracker.beat()  # a view can tell this end from an accident
        reason = f"time limit of {duration(self._time_limit or 0)} reached: stopped" if late else "stopped as asked"
        raise stopped(f"{reason}, after a whole batch", self._run)

    def _is_late(self) -> bool:
        worked = time.monotonic() - self._began - self.paused
        return self._time_limit is not None and worked >= self._time_limit


def stopped(what: str, run: Path) -> Interrupted:
    """The exception that ends an engine early; what: why and when it stopped."""
    return Interrupted(
        f"{what}; {run} keeps all results so far",
        f"repeat the command to continue, or browse the results: thinice-tui open {run}",
    )
