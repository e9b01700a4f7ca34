"""What all screens of a run share: the title, the progress, the keys, and following the session."""

import time
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message
from textual.screen import Screen
from textual.visual import VisualType
from textual.widgets import Static

from thinice_tui.protocol.durations import duration
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.action_registry import Place, Reason, action_elsewhere
from thinice_tui.tui.content.run import progress, runs_words, seeds_words, title
from thinice_tui.tui.interface import SessionListener
from thinice_tui.tui.session import Session
from thinice_tui.tui.widgets.key_bar import KeyBar
from thinice_tui.tui.widgets.slow_view import SlowView

SMALLEST = (60, 20)
WIDE = (110, 32)
"""Columns and lines from which sample, plot and summary have room beside the table."""

PLACES: dict[Place, str] = {
    "browse": "on the table",
    "inspect": "on a sample's screen",
    "plots": "on a plot's screen",
    "summary": "in the summary",
    "text": "in the help",
}
"""Where a key works, in words."""


class RunScreen(Screen[None], SessionListener):
    """A screen with the run's title, its progress, a body, and the keys.

    Its methods `do_<name>` are the handlers of actions that mean something of their own on this screen.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-thin"), (SMALLEST[0], "-medium"), (WIDE[0], "-broad")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (SMALLEST[1], "-middle"), (WIDE[1], "-high")]  # noqa: RUF012
    place: ClassVar[Place] = "browse"

    class ContentChanged(Message, bubble=False):
        """What the body shows is out of date."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, RunScreen.ContentChanged)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    @property
    def is_wide(self) -> bool:
        """Whether the panels beside the table are shown."""
        return self.size.width >= WIDE[0] and self.size.height >= WIDE[1]

    @property
    def has_widgets(self) -> bool:
        """Whether its widgets exist: not yet, or no more, where the program ends as it begins."""
        return bool(self.query("#title")) and bool(self.query("#body > *"))

    @property
    def is_in_front(self) -> bool:
        """Whether no other screen of the run covers it; a dialog may."""
        screens = [screen for screen in self.app.screen_stack if isinstance(screen, RunScreen)]
        return bool(screens) and screens[-1] is self

    def compose(self) -> ComposeResult:
        yield Static(id="title", markup=False)
        yield Static(id="progress", markup=False)
        with Container(id="body"):
            yield from self.compose_body()
        yield KeyBar(self.place, self.session.preferences.keys)
        yield Static(
            f"The terminal is too small: at least {SMALLEST[0]} columns and {SMALLEST[1]} lines are needed.\n"
            "The run goes on; q quits.",
            id="too-small",
        )

    def compose_body(self) -> ComposeResult:
        """The widgets between the progress line and the keys."""
        raise NotImplementedError

    def update_body(self) -> None:
        """Make the body's widgets show what the session holds now."""

    def on_mount(self) -> None:
        self.session.add_listener(self)
        self.set_interval(1, self._count_seconds)
        self._update()

    def on_unmount(self) -> None:
        self.session.remove_listener(self)

    def on_resize(self) -> None:
        self._update()

    def on_screen_resume(self) -> None:
        self._update()

    def _update(self) -> None:
        self.run_changed()
        if self.has_widgets:
            self.update_body()

    def run_changed(self) -> None:
        """Draw title and progress."""
        if not self.has_widgets:
            return
        session, width = self.session, self.size.width
        if session.run is None:
            self._update_header(" thinice", self._waiting())
        else:
            others, over, beside = session.others, "", ""
            if others is not None:
                over = seeds_words(others.runs, session.seeds)
                beside = runs_words(others.browsed, others.runs, session.seeds)
            doing = progress(session.run, session.is_computing, width, session.engine_is_starting, over)
            if session.engine_is_starting and session.waiting_for.startswith("reading"):
                doing = self._waiting()
            job = Text(f" … {session.job}", style="bold", no_wrap=True, overflow="ellipsis") if session.job else None
            self._update_header(title(session.run, session.view.other, width, beside), job or doing)

    def _waiting(self) -> Text:
        """What is waited for, and since when."""
        is_reading = self.session.request is not None or self.session.path is not None
        seconds = int(time.monotonic() - self.session.waiting_since) if is_reading else 0
        shown = f" … {printable(self.session.waiting_for)}" + (f" · {duration(seconds)}" if seconds else "")
        return Text(shown, no_wrap=True, overflow="ellipsis")

    def _count_seconds(self) -> None:
        if self.session.run is None or self.session.engine_is_starting:
            self.run_changed()

    def _update_header(self, above: VisualType, below: VisualType) -> None:
        self.query_one("#title", Static).update(above, layout=False)
        self.query_one("#progress", Static).update(below, layout=False)

    def content_changed(self) -> None:
        """Draw the body after the messages that wait: of many changes at once only the last is drawn."""
        self.post_message(self.ContentChanged())

    def on_run_screen_content_changed(self) -> None:
        if self.has_widgets and self.is_in_front:
            self.update_body()

    def on_key(self, event: events.Key) -> None:
        """Say where a key does something that does nothing here."""
        action = action_elsewhere(event.key, self.place, self.session.preferences.keys)
        if action is not None:
            there = " and ".join(PLACES[place] for place in action.places)
            self.app.notify(f"{action.title}: only {there}", severity="warning", timeout=4)

    def do_filter(self) -> Reason:
        """Filter, from any screen; over a slow connection what is typed arrives together with the key."""
        return self._at_the_table("do_filter")

    def do_jump(self) -> Reason:
        """Go to a sample, from any screen."""
        return self._at_the_table("do_jump")

    def _at_the_table(self, handler: str) -> Reason:
        while isinstance(screen := self.app.screen, RunScreen) and screen.place != "browse":
            self.app.pop_screen()
        found: Reason = getattr(self.app.screen, handler)()
        return found

    def do_page_down(self) -> Reason:
        return self.scroll_lines(self.query_one(SlowView).size.height)

    def do_page_up(self) -> Reason:
        return self.scroll_lines(-self.query_one(SlowView).size.height)

    def scroll_lines(self, lines: int) -> Reason:
        """Scroll the text of this screen by so many lines; why it cannot be, else None."""
        view = self.query_one(SlowView)
        before = view.scroll_y
        view.scroll_to(y=before + lines, animate=False, immediate=True)
        return "there is no more to see that way" if view.scroll_y == before else None
