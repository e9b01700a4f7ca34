"""What the session and the actions may ask of the application, and what the session tells, so that neither knows it."""

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

from textual.screen import Screen

from thinice_tui.runfile.records import Run

Answer = TypeVar("Answer")
Severity = Literal["information", "warning", "error"]


class Notifier(Protocol):
    """Shows short messages that disappear by themselves."""

    def notify(
        self, message: str, *, title: str = "", severity: Severity = "information", timeout: float | None = None
    ) -> None:
        """Show `message` for `timeout` seconds."""


class Interface(Notifier, Protocol):
    """Shows messages, screens and dialogs, and ends the program."""

    @property
    def screen_stack(self) -> list[Screen[Any]]:
        """The screens, the one in front last."""

    @property
    def previous_action(self) -> str:
        """The name of the action before the one that is being done; empty where there was none."""

    def show(self, screen: Screen[None]) -> None:
        """Put `screen` in front."""

    def ask(self, dialog: Screen[Answer], answered: Callable[[Answer | None], None]) -> None:
        """Put `dialog` in front, and call `answered` with its answer."""

    def go_back(self) -> None:
        """Remove the screen in front."""

    def leave(self, exit_code: int, message: str) -> None:
        """End the program; `message` is printed once the terminal is a terminal again."""

    def suspend_to_shell(self) -> str | None:
        """Give the terminal back to the shell until it lets this program go on; why that cannot be, else None."""

    def copy_to_clipboard(self, text: str) -> None:
        """Ask the terminal to put `text` on its clipboard."""

    def export_screenshot(self) -> str:
        """What the screen shows, as SVG."""


class SessionListener:
    """Is told what has changed. All calls come in the interface's thread."""

    def run_changed(self) -> None:
        """The run was read again, or its engine does something else."""

    def rows_changed(self) -> None:
        """Other samples are shown, or the same in another order or other columns."""

    def selection_changed(self) -> None:
        """Another row is selected."""

    def content_changed(self) -> None:
        """Rows, selection, kind of plot or statistics have changed."""

    def engine_vanished(self, before: Run) -> None:
        """The engine that the run file names has ended; before: the run as it was read while that lived."""
