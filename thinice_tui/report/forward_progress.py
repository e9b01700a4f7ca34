"""A bar on stderr for forward passes over many samples; nothing where stderr is no terminal."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn

from thinice_tui.report.progress_bars import ProgressBars
from thinice_tui.safe_io.printable import printable


class ForwardProgress(ProgressBars):
    """A context manager: a bar for the model at hand, removed at the end."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True, emoji=False)
        super().__init__(
            console,
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def show(self, name: str, done: int, total: int) -> None:
        """`done` of the `total` samples of `name` are done."""
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(printable(name), total=total)
        self._bars.update(self._tasks[name], completed=done)
