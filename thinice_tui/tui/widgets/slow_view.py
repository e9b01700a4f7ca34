"""A widget whose content takes a while: drawn in a thread, shortly after the last of a flood of changes."""

from collections.abc import Callable

from rich.console import Console, RenderableType
from rich.text import Text
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from thinice_tui.errors import ThiniceError

DELAY = 0.06
"""Seconds of rest before drawing, so that moving through the rows stays quick."""
Drawing = Callable[[int, int], RenderableType]
"""From width and height in cells to the content; called in a thread, so it must only use what it was given."""


class SlowView(ScrollView, can_focus=False, inherit_bindings=False):
    """Shows what a drawing makes; a new drawing replaces one that is not finished.

    The thread also turns the content into lines, so that showing it costs the interface next to nothing.
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Strip] = []
        self._drawing: Drawing | None = None
        self._timer: Timer | None = None
        self._what: object = None
        self._shown: object = None

    @property
    def text(self) -> str:
        """What is shown, without colours."""
        return "\n".join(line.text.rstrip() for line in self._lines)

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
            self.app.call_from_thread(self._show, key, _lines(drawn, width))

        self.run_worker(work, thread=True, exclusive=True, group=f"draw-{id(self)}", exit_on_error=True)

    def _show(self, key: object, lines: list[Strip]) -> None:
        if not isinstance(key, tuple) or key[0] != self._what:
            return  # another drawing was asked for meanwhile
        self._shown, self._lines = key, lines
        self.virtual_size = Size(self.scrollable_content_region.width, len(lines))
        self.refresh()


def _lines(drawn: RenderableType, width: int) -> list[Strip]:
    console = Console(width=width, color_system="truecolor", force_terminal=True, legacy_windows=False, highlight=False)
    return [Strip(line) for line in console.render_lines(drawn, pad=False)]
