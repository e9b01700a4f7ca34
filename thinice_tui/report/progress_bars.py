"""Bars on a console that come and go with a `with` block."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress, ProgressColumn


class ProgressBars:
    """A context manager whose bars stand below what the console prints, and are gone at its end."""

    def __init__(self, console: Console, *columns: ProgressColumn, expand: bool = False, disable: bool = False) -> None:
        self._bars = Progress(*columns, console=console, transient=True, expand=expand, disable=disable)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
