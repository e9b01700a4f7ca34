"""Console progress on stderr: a line for each finished stage, a bar for the current one."""

import time

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskID, TextColumn

from thinice_tui.protocol.durations import duration, short, time_left
from thinice_tui.protocol.progress import Heartbeat, StageResult
from thinice_tui.report.progress_bars import ProgressBars
from thinice_tui.safe_io.printable import printable

REPAINT_SECONDS = 0.1
"""Shortest time between two updates of the bar."""


class ConsoleObserver(ProgressBars):
    """Shows a run's events on `console`, which should write to stderr. A context manager."""

    def __init__(self, console: Console) -> None:
        super().__init__(
            console,
            TextColumn("{task.fields[stage]} · {task.fields[model]}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[rate]} img/s  {task.fields[left]}", markup=False),
            expand=True,
        )
        self._console = console
        self._task: TaskID | None = None
        self._shown = ""
        self._painted = 0.0

    def note(self, message: str) -> None:
        self._console.print(escape(printable(message)), highlight=False, soft_wrap=True)

    def warn(self, message: str) -> None:
        self._console.print(f"[yellow]warning:[/yellow] {escape(printable(message))}", highlight=False, soft_wrap=True)

    def progress(self, beat: Heartbeat) -> None:
        now = time.monotonic()
        if beat.stage == self._shown and now - self._painted < REPAINT_SECONDS:
            return
        self._painted = now
        if self._task is not None and beat.stage != self._shown:
            self._bars.remove_task(self._task)
            self._task = None
        model, stage, rate = printable(beat.model), beat.stage, short(beat.rate)
        left = time_left(beat.seconds_left, beat.seconds_expected)
        if self._task is None:
            self._task = self._bars.add_task("", total=beat.total, model=model, stage=stage, rate=rate, left=left)
            self._shown = stage
        self._bars.update(self._task, completed=beat.done, model=model, rate=rate, left=left)

    def stage_finished(self, result: StageResult) -> None:
        bound = "" if result.final else "≤ "
        self._console.print(
            f"{escape(printable(result.model))} · {escape(result.stage)}: {result.broken} of {result.entered} broken, "
            f"robust accuracy {bound}{100 * result.robust_accuracy:.1f} % ({duration(result.seconds)})",
            highlight=False,
            soft_wrap=True,
        )
