"""The help on the whole screen."""

from textual.app import ComposeResult

from thinice_tui.tui.action_registry import bindings_in
from thinice_tui.tui.content.help import help_text
from thinice_tui.tui.screens.run_screen import RunScreen
from thinice_tui.tui.widgets.slow_view import SlowView


class HelpScreen(RunScreen):
    """Every key and what it does."""

    BINDINGS = bindings_in("text")
    place = "text"

    def compose_body(self) -> ComposeResult:
        yield SlowView(id="text")

    def update_body(self) -> None:
        keys = self.session.preferences.keys
        self.query_one(SlowView).draw("help", lambda _width, _height: help_text(keys))
