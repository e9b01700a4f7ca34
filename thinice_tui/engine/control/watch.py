"""What an executor reports while it computes, and where it learns that it should wait."""

from collections.abc import Callable, Sequence

from thinice_tui.engine.control.progress import ProgressTracker
from thinice_tui.engine.control.run_control import RunControl
from thinice_tui.protocol.progress import WorkerState


class Watch:
    """Passes on how far the tasks are, and waits while a view asks for a pause."""

    def __init__(self, progress: ProgressTracker, run_control: RunControl, warn: Callable[[str], None]) -> None:
        self._progress, self._run_control = progress, run_control
        self.warn = warn
        """To be called with a warning for the user."""

    @property
    def paused(self) -> float:
        """Seconds spent in pauses so far."""
        return self._run_control.paused

    def forwarded(self, task: object, images: int) -> None:
        """`images` of the task were passed forward so far; may wait, and may raise to stop."""
        self._progress.forwarded(id(task), images)
        self._run_control.poll()

    @property
    def is_stopping(self) -> bool:
        """Whether a view has asked to stop."""
        return self._run_control.is_ending(kept=False)

    def end_if_stopped(self) -> None:
        """Raise Interrupted where a view has asked to stop."""
        self._run_control.end_if_asked(kept=False)

    def report_workers(self, workers: Sequence[WorkerState]) -> None:
        """What each of several workers does now, with a heartbeat: nothing else may be computed for long."""
        self._progress.report_workers(workers)

    def on_pause(self, tell: Callable[[bool], None]) -> None:
        """`tell` is called with True when a pause begins, and with False when it ends."""
        self._run_control.tell_pause = tell

    def poll(self) -> None:
        """Wait while a view asks for a pause; note a request to stop."""
        self._run_control.poll()
