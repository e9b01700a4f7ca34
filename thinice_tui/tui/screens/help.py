"""The help on the whole screen."""

from thinice_tui.tui.content.help import help_text
from thinice_tui.tui.screens.text_screen import TextScreen
from thinice_tui.tui.widgets.slow_view import SlowView


class HelpScreen(TextScreen):
    """Every key and what it does."""

    def update_body(self) -> None:
        keys = self.session.preferences.keys
        self.query_one(SlowView).draw("help", lambda _width, _height: help_text(keys))
