"""A text on the whole screen, with keys that scroll it."""

from typing import ClassVar

from textual.app import ComposeResult

from thinice_tui.tui.action_registry import Place, Reason, bindings_in
from thinice_tui.tui.screens.run_screen import RunScreen
from thinice_tui.tui.widgets.slow_view import SlowView


class TextScreen(RunScreen):
    """A text; what it says is up to `update_body`."""

    BINDINGS = bindings_in("text")
    place: ClassVar[Place] = "text"

    def compose_body(self) -> ComposeResult:
        yield SlowView(id="text")

    def do_down(self) -> Reason:
        return self.scroll_lines(1)

    def do_up(self) -> Reason:
        return self.scroll_lines(-1)

    def do_first(self) -> Reason:
        return self.scroll_lines(-self.query_one(SlowView).virtual_size.height)

    def do_last(self) -> Reason:
        return self.scroll_lines(self.query_one(SlowView).virtual_size.height)
