"""A widget whose content takes a while: drawn in a thread, shortly after it changes."""

import time
from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.text import Text
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from thinice_tui.errors import ThiniceError
from thinice_tui.printable import printable

DELAY = 0.06
"""Seconds of rest before drawing, so that moving through the rows stays quick."""
PATIENCE = 0.3
"""Seconds after which it is drawn although changes go on."""
AT_ONCE = 2
"""Drawings in flight: one that takes long does not keep the next from view, and a hundred do not pile up."""
Drawing = Callable[[int, int], RenderableType]
"""From width and height in cells to the content; called in a thread, so it must only use what it was given."""


class SlowView(ScrollView, can_focus=False, inherit_bindings=False):
    """Shows what a drawing makes; never an older one after a newer.

    The thread also turns the content into lines, so that showing it costs the interface next to nothing.
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Strip] = []
        self._drawing: Drawing | None = None
        self._timer: Timer | None = None
        self._what: object = None
        self._begun: object = None
        """What was drawn last, or is being drawn, and its size."""
        self._number = self._shown = self._in_flight = 0
        self._since = 0.0
        """When the first change came that is not being drawn yet."""

    @property
    def text(self) -> str:
        """What is shown, without colours."""
        return "\n".join(line.text.rstrip() for line in self._lines)

    @property
    def is_drawn(self) -> bool:
        """Whether what was last asked for is shown, or there is no room for anything."""
        width, height = self.scrollable_content_region.size
        wanted = self._drawing is not None and width > 0 and height > 0
        return not wanted or (self._begun == (self._what, width, height) and not self._in_flight)

    def draw(self, what: object, drawing: Drawing) -> None:
        """Draw soon. what: tells drawings apart; the one that is shown is not drawn again at the same size."""
        self._what, self._drawing = what, drawing
        self._later()

    def say(self, text: str) -> None:
        """Show a sentence in place of a drawing."""
        self.draw(text, lambda _width, _height: Text(text, style="dim"))

    def render_line(self, y: int) -> Strip:
        """One line of the content, or a blank one."""
        width, row = self.scrollable_content_region.width, y + round(self.scroll_y)
        if row >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        return self._lines[row].crop_extend(0, width, self.rich_style).apply_style(self.rich_style)

    def on_resize(self) -> None:
        self._later()

    def _later(self) -> None:
        now = time.monotonic()
        if self._timer is None:
            self._since = now
        elif now - self._since < PATIENCE:
            self._timer.stop()
        else:
            return
        self._timer = self.set_timer(DELAY, self._begin)

    def _begin(self) -> None:
        self._timer = None
        width, height = self.scrollable_content_region.size
        key = (self._what, width, height)
        if self._drawing is None or width < 1 or height < 1 or key == self._begun:
            return  # not on the screen, or being drawn already
        if self._in_flight >= AT_ONCE:
            self._later()
            return
        self._begun, self._in_flight, self._number = key, self._in_flight + 1, self._number + 1
        drawing, number = self._drawing, self._number

        def work() -> None:
            try:
                drawn = drawing(width, height)
            except ThiniceError as error:
                drawn = Text(printable(f"{error.what}. {error.do}"))
            self.app.call_from_thread(self._show, number, _lines(drawn, width))

        self.run_worker(work, thread=True)

    def _show(self, number: int, lines: list[Strip]) -> None:
        self._in_flight -= 1
        if number > self._shown:  # else a newer one was quicker
            self._shown, self._lines = number, lines
            self.virtual_size = Size(self.scrollable_content_region.width, len(lines))
            self.refresh()


def _lines(drawn: RenderableType, width: int) -> list[Strip]:
    console = Console(width=width, color_system="truecolor", force_terminal=True, legacy_windows=False, highlight=False)
    return [Strip(line) for line in console.render_lines(drawn, pad=False)]
