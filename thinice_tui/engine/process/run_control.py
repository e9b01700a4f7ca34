"""What holds the engine back: a view that asks to pause or stop, and a time limit."""

import time
from pathlib import Path

from thinice_tui.engine.process.progress import Pace
from thinice_tui.errors import Interrupted
from thinice_tui.protocol.durations import duration
from thinice_tui.runfile.control import read_control

ASK_SECONDS = 0.2
"""How often the engine looks whether a view asks it for something."""


class RunControl:
    """Asked after every forward pass whether to wait, and after every batch whether to end."""

    def __init__(self, run: Path, time_limit: float | None, pace: Pace) -> None:
        """run: the run file; time_limit: seconds of work, None: as long as it takes."""
        self._run, self._time_limit, self._pace = run, time_limit, pace
        self._began = time.monotonic()
        self._asked = 0.0
        self.paused = 0.0
        """Seconds waited so far."""

    def poll(self) -> None:
        """Wait while a view asks to pause; remember it when one asks to stop."""
        began = time.monotonic()
        if began - self._asked < ASK_SECONDS:
            return
        while (wish := read_control(self._run)) == "pause":
            self._pace.state = "paused"
            self._pace.beat()
            time.sleep(ASK_SECONDS)
        self._asked = time.monotonic()
        if self._pace.state == "paused":
            self.paused += self._asked - began
            self._pace.paused(self._asked - began)
        self._pace.state = "stopping" if wish == "stop" or self._is_late() else "running"

    def end_if_asked(self) -> None:
        """Raise Interrupted, after a whole batch, where a view asked for it or time has run out."""
        late = self._is_late()
        if not late and self._pace.state != "stopping":
            return
        self._pace.state = "stopping"
        self._pace.beat()  # so that a view can tell this from an accident
        reason = f"time limit of {duration(self._time_limit or 0)} reached: stopped" if late else "stopped as asked"
        raise Interrupted(
            f"{reason}, after a whole batch; everything so far is kept in {self._run}",
            f"repeat the command to go on, or look at it: thinice-tui open {self._run}",
        )

    def _is_late(self) -> bool:
        worked = time.monotonic() - self._began - self.paused
        return self._time_limit is not None and worked >= self._time_limit
