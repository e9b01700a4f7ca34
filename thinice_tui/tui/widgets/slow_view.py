"""A widget whose content takes a while: drawn in a thread, shortly after the last of a flood of changes."""

from collections.abc import Callable

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.timer import Timer
from textual.widgets import Static

from thinice_tui.errors import ThiniceError

DELAY = 0.06
"""Seconds of rest before drawing, so that moving through the rows stays quick."""
Drawing = Callable[[int, int], RenderableType]
"""From width and height in cells to the content; called in a thread, so it must only use what it was given."""


class SlowView(VerticalScroll, can_focus=False):
    """Shows what a drawing makes; a new drawing replaces one that is not finished."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._content = Static(markup=False)
        self._drawing: Drawing | None = None
        self._timer: Timer | None = None
        self._what: object = None
        self._shown: object = None

    def compose(self) -> ComposeResult:
        yield self._content

    def draw(self, what: object, drawing: Drawing) -> None:
        """Draw soon. what: tells drawings apart; the one that is shown is not drawn again at the same size."""
        self._what, self._drawing = what, drawing
        self._later()

    def say(self, text: str) -> None:
        """Show a sentence in place of a drawing."""
        self._drawing, self._shown = None, None
        self._content.update(Text(text, style="dim"))

    def on_resize(self) -> None:
        self._later()

    def _later(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(DELAY, self._begin)

    def _begin(self) -> None:
        width, height = self.scrollable_content_region.size
        if self._drawing is None or width < 1 or height < 1:
            return  # not on the screen
        key = (self._what, width, height)
        if key == self._shown:
            return
        drawing = self._drawing

        def work() -> None:
            try:
                drawn = drawing(width, height)
            except ThiniceError as error:
                drawn = Text(f"{error.what}\n{error.do}")
            self.app.call_from_thread(self._show, key, drawn)

        self.run_worker(work, thread=True, exclusive=True, group=f"draw-{id(self)}", exit_on_error=True)

    def _show(self, key: object, drawn: RenderableType) -> None:
        self._shown = key
        self._content.update(drawn)
