"""The line in which the number of a sample is typed, to go there."""

from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from thinice_tui.tui.widgets.line_input import LineInput


class JumpBar(Horizontal):
    """An input for one number. Hidden until opened."""

    @dataclass
    class Submitted(Message):
        """What was typed; empty: nothing."""

        text: str

    class Closed(Message):
        """Typing has ended."""

    def compose(self) -> ComposeResult:
        yield Static(" go to sample ", markup=False)
        yield LineInput(placeholder="its number, like 484", compact=True)

    def open(self) -> None:
        """Let the user type a number."""
        self.display = True
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
        self.close()
        self.post_message(self.Submitted(event.value.strip()))

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.close()
