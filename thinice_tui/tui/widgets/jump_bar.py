"""The line in which the number of a sample is typed, to go there."""

from collections.abc import Callable
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from thinice_tui.tui.widgets.line_input import LineInput

ASKED = " go to sample "


class JumpBar(Vertical):
    """An input for one number, and beneath it why a number leads nowhere. Hidden until opened."""

    @dataclass
    class Submitted(Message):
        """What was typed; empty: nothing."""

        text: str

    class Closed(Message):
        """Typing has ended."""

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static(ASKED, markup=False)
            yield LineInput(placeholder="its number, like 484", compact=True)
        yield Static(id="problem", markup=False)

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._problem: Callable[[str], str | None] = lambda _: None

    def open(self, problem: Callable[[str], str | None]) -> None:
        """Let the user type a number. problem: why a text leads nowhere, which is shown; None: it leads somewhere."""
        self._problem = problem
        self.display = True
        self._explain(None)
        typed = self.query_one(Input)
        typed.value = ""
        # At once: keys that arrive together with the one that opened it are meant for it.
        self.screen.set_focus(typed, scroll_visible=False)

    def close(self) -> None:
        """End the typing, and hide."""
        if self.display:
            self.display = False
            self.post_message(self.Closed())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        typed = event.value.strip()
        if typed and (problem := self._problem(typed)):
            self._explain(problem)
            return
        self.close()
        self.post_message(self.Submitted(typed))

    def _explain(self, problem: str | None) -> None:
        beneath = self.query_one("#problem", Static)
        beneath.display = problem is not None
        beneath.update(problem or "")

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.close()
