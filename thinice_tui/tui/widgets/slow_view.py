"""A widget whose content takes long to draw: a thread draws it, shortly after it changes."""

import threading
import time
from collections.abc import Callable
from functools import cache, partial
from queue import SimpleQueue

from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import App
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from thinice_tui.errors import ThiniceError
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.background import raise_error

DELAY = 0.1
"""Seconds without a change before drawing begins, so that moving through the rows stays quick."""
MAX_DELAY = 0.3
"""Seconds after which drawing begins although changes go on."""
MAX_DRAWINGS = 2
"""Drawings of one view at the same time: one that takes long does not hold up the next, and they do not pile up."""
THREADS = 4
"""Threads that draw, for all views together."""
Drawing = Callable[[int, int], RenderableType]
"""From width and height in cells to the content; called in a thread, so it must only use what it was given."""


@cache
def _jobs() -> SimpleQueue[Callable[[], None]]:
    """The queue of drawings, and threads that work it off and live as long as the program.

    A new thread for each drawing would delay the keys on a busy machine: whoever starts one waits until it runs.
    """
    jobs = SimpleQueue[Callable[[], None]]()
    for _ in range(THREADS):
        threading.Thread(target=_work_off, args=(jobs,), daemon=True).start()
    return jobs


def _work_off(jobs: SimpleQueue[Callable[[], None]]) -> None:
    while True:
        jobs.get()()


class SlowView(ScrollView, can_focus=False, inherit_bindings=False):
    """Shows the content that a drawing makes; never an older drawing's after a newer one's.

    The thread also turns the content into lines, so that the interface's thread only copies them.
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Strip] = []
        self._base = Style.null()
        self._drawing: Drawing | None = None
        self._timer: Timer | None = None
        self._what: object = None
        self._begun: object = None
        """What was drawn last, or is being drawn, with its size."""
        self._number = self._shown = self._in_flight = 0
        self._since = 0.0
        """When the first change came of which no drawing has begun."""

    @property
    def text(self) -> str:
        """What is shown, without colours."""
        return "\n".join(line.text.rstrip() for line in self._lines)

    @property
    def is_drawn(self) -> bool:
        """Whether the last drawing asked for is shown, or there is no room for one."""
        width, height = self.scrollable_content_region.size
        wanted = self._drawing is not None and width > 0 and height > 0
        return not wanted or (self._begun == (self._what, width, height) and not self._in_flight)

    def draw(self, what: object, drawing: Drawing) -> None:
        """Draw soon. what: identifies the drawing; the one that is shown is not drawn again at the same size."""
        self._what, self._drawing = what, drawing
        self._schedule()

    def show_sentence(self, text: str) -> None:
        """Show a sentence in place of a drawing."""
        self.draw(text, lambda _width, _height: Text(text, style="dim"))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Some lines of the content."""
        self._base = self.rich_style  # once for all of them: it takes Textual longer than drawing a line
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One line of the content, or a blank one."""
        row, base = y + round(self.scroll_y), self._base
        if row >= len(self._lines):
            return Strip.blank(self.scrollable_content_region.width, base)
        return Strip(
            [
                segment if _has_both_colours(segment.style) else Segment(segment.text, base + segment.style)
                for segment in self._lines[row]
            ]
        )

    def on_resize(self) -> None:
        self._schedule()

    def _schedule(self) -> None:
        now = time.monotonic()
        if self._timer is None:
            self._since = now
        elif now - self._since < MAX_DELAY:
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
        if self._in_flight >= MAX_DRAWINGS:
            self._schedule()
            return
        self._begun, self._in_flight, self._number = key, self._in_flight + 1, self._number + 1
        _jobs().put(partial(self._work, self.app, self._drawing, self._number, width, height))

    def _work(self, app: App[object], drawing: Drawing, number: int, width: int, height: int) -> None:
        """Draw, in a thread; `app`: for a view that is removed meanwhile does not know it any more."""
        try:
            lines = _to_strips(drawing(width, height), width, app)
        except ThiniceError as error:
            lines = _to_strips(Text(printable(f"{error.what}. {error.do}")), width, app)
        except Exception as error:  # a defect: it ends the program with its traceback
            app.call_later(raise_error, error)
            return
        app.call_later(self._show, number, lines)

    def _show(self, number: int, lines: list[Strip]) -> None:
        """Show the lines of the drawing `number`."""
        self._in_flight -= 1
        if number > self._shown and self.is_attached:  # else a newer one was quicker, or the view is removed
            self._shown, self._lines = number, lines
            width, height = self.scrollable_content_region.size
            # Another size would lay out the whole screen anew.
            self.virtual_size = Size(width, max(height, len(lines)))
            self._refresh_scrollbars()  # Textual leaves one that is no longer needed (seen in 8.2)
            self.refresh()


def _to_strips(drawn: RenderableType, width: int, app: App[object]) -> list[Strip]:
    """The lines of what was drawn, with the escape codes of their colours already computed."""
    console = Console(width=width, color_system="truecolor", force_terminal=True, legacy_windows=False)
    lines = [Strip(line) for line in console.render_lines(drawn, pad=False)]
    for line in lines:
        line.render(app.console)
    return lines


def _has_both_colours(style: Style | None) -> bool:
    return style is not None and style.color is not None and style.bgcolor is not None
