"""What all screens of a run share: sizes, keys, and being told what has changed."""

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.actions.registry import Place
from thinice_tui.tui.content.run import progress, title
from thinice_tui.tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from thinice_tui.tui.app import ThiniceApp

SMALLEST = (60, 20)
WIDE = (110, 32)
"""Columns and lines from which sample, plot and summary have room beside the table."""


class RunScreen(Screen[None]):
    """A screen with the run's title, its progress, a body, and the keys."""

    HORIZONTAL_BREAKPOINTS = [(0, "-thin"), (SMALLEST[0], "-medium"), (WIDE[0], "-broad")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (SMALLEST[1], "-middle"), (WIDE[1], "-high")]  # noqa: RUF012
    place: ClassVar[Place] = "browse"

    @property
    def thinice(self) -> "ThiniceApp":
        return cast("ThiniceApp", self.app)

    @property
    def is_wide(self) -> bool:
        """Whether the panels beside the table are shown."""
        return self.size.width >= WIDE[0] and self.size.height >= WIDE[1]

    @property
    def is_whole(self) -> bool:
        """Whether its widgets are there: not yet, or no more, where the app ends as it begins."""
        return bool(self.query("#title")) and bool(self.query("#body > *"))

    def compose(self) -> ComposeResult:
        yield Static(id="title", markup=False)
        yield Static(id="progress", markup=False)
        with Container(id="body"):
            yield from self.compose_body()
        yield KeyBar(self.place, self.thinice.preferences.keys)
        yield Static(
            f"The terminal is too small: at least {SMALLEST[0]} columns and {SMALLEST[1]} lines are needed.\n"
            "The run goes on; q quits.",
            id="too-small",
        )

    def compose_body(self) -> ComposeResult:
        """What is between the progress line and the keys."""
        raise NotImplementedError

    def on_mount(self) -> None:
        self.run_changed()
        self.told()

    def on_resize(self) -> None:
        self.run_changed()
        self.told()

    def on_screen_resume(self) -> None:
        self.run_changed()
        self.told()

    def told(self) -> None:
        """Rows, selection or statistics are others; before all widgets are there that is nothing to show."""
        if self.is_whole:
            self.rows_changed()

    def run_changed(self) -> None:
        """The engine has gone on: title and progress."""
        if not self.is_whole:
            return
        app, width = self.thinice, self.size.width
        run = app.run_now
        above = title(run, app.view.other, width) if run else " thinice"
        waiting = f" … {printable(app.waiting_for)}"
        below = progress(run, app.computing, width, app.engine.is_starting) if run else waiting
        self.query_one("#title", Static).update(above, layout=False)
        self.query_one("#progress", Static).update(below, layout=False)

    def rows_changed(self) -> None:
        """Other rows are shown, or another sample is selected, or another plot."""
