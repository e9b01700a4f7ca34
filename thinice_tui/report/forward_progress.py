"""A bar on stderr for forward passes over many samples; nothing where stderr is no terminal."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from thinice_tui.safe_io.printable import printable


class ForwardProgress:
    """A context manager: a bar for the model at hand, removed at the end."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True, emoji=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "ForwardProgress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def show(self, name: str, done: int, total: int) -> None:
        """`done` of the `total` samples of `name` are done."""
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(printable(name), total=total)
        self._bars.update(self._tasks[name], completed=done)
