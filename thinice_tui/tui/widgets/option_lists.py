"""Lists to choose from that can be used while they fill.

Textual's look up lines and options that are not laid out yet, or not there any more, and fail (seen in 8.2).
"""

from contextlib import suppress
from typing import Literal

from textual import events
from textual.binding import Binding
from textual.command import CommandList
from textual.widgets import OptionList


class GuardedList(OptionList):
    """Textual's, with paging keys and clicks that do nothing where there is no option yet or any more."""

    def _move_page(self, direction: Literal[-1, 1]) -> None:
        with suppress(KeyError, IndexError):
            super()._move_page(direction)

    async def _on_click(self, event: events.Click) -> None:
        clicked = event.style.meta.get("option")
        if clicked is not None and clicked >= self.option_count:
            event.prevent_default()  # drawn before the list was filled anew


class GuardedCommandList(CommandList, GuardedList):
    """The palette's list."""


class TickList(GuardedList):
    """A list whose options are ticked with space or a click; enter is for the dialog."""

    BINDINGS = [  # noqa: RUF012
        Binding("space", "select", "tick", show=False),
        Binding("enter", "screen.done", "done", show=False, priority=True),
    ]
