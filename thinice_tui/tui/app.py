"""The application: what is looked at, the threads that read it, and what every key does."""

import asyncio
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textual.app import App, SystemCommand
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.analysis.correctness import clean_known
from thinice_tui.analysis.margins import margin_kinds
from thinice_tui.analysis.rows import Rows, View, select_rows
from thinice_tui.analysis.table import columns_shown
from thinice_tui.errors import EXIT_INTERRUPTED, RunFileError
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.liveness import is_computing
from thinice_tui.runfile.reader import RunReader
from thinice_tui.runfile.records import Run, same_outcomes
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.actions.engine import EngineActions
from thinice_tui.tui.actions.export import TakingAway
from thinice_tui.tui.actions.registry import BY_NAME, actions_in
from thinice_tui.tui.actions.view import Choosing
from thinice_tui.tui.latency import put_keys_first
from thinice_tui.tui.preferences import load_preferences, preferences_file, save_preferences
from thinice_tui.tui.screens.base import RunScreen
from thinice_tui.tui.screens.browse import BrowseScreen

POLL = 0.25
"""Seconds between two looks at the run file; more where reading it takes long."""
TIDY = 1.0
"""Seconds without a key until garbage is looked for, because keys wait meanwhile."""
REST = 4
"""Times as long as the last look took, at least, until the next: the engine needs the machine more."""


def compare_in_app(request: Request) -> int:
    """Start the engine for `request` and browse what it computes; the exit code."""
    return _run(ThiniceApp(request=request))


def open_in_app(path: Path) -> int:
    """Browse the run file `path`; the exit code."""
    return _run(ThiniceApp(path=path.absolute()))


def _run(app: "ThiniceApp") -> int:
    put_keys_first()
    code = app.run()
    if app.farewell:
        print(app.farewell, file=sys.stderr)
    return code if code is not None else app.return_code or 0


class ThiniceApp(App[int]):
    """Shows one run. Threads read and compute; only this object's handlers change what is shown."""

    CSS_PATH = "thinice.tcss"
    TITLE = "thinice-tui"
    ENABLE_COMMAND_PALETTE = False  # ours opens by the registry's key, see palette.py

    @dataclass
    class RunRead(Message):
        """The run file was read; rows: None where what they show is as it was."""

        run: Run
        computing: bool
        rows: Rows | None

    @dataclass
    class RunUnreadable(Message):
        error: RunFileError

    @dataclass
    class Analysed(Message):
        analysis: Analysis
        key: object

    @dataclass
    class Callback(Message):
        """A thread has something for a handler."""

        handler: Callable[..., None]
        arguments: tuple[object, ...]

    def __init__(
        self, request: Request | None = None, path: Path | None = None, settings_file: Path | None = None
    ) -> None:
        super().__init__()
        self._settings_file = settings_file or preferences_file()
        self.preferences, self._settings_problem = load_preferences(self._settings_file)
        self.request = request
        self.path = path
        self.run_now: Run | None = None
        """The run as last read. (App.run is Textual's.)"""
        self.named_lives = False
        """Whether the engine that the run file names computes it."""
        self.waiting_for = "starting the engine: reading models and data" if request else f"reading {path}"
        self.view = View(
            margin=self.preferences.margin, sort=self.preferences.sort, descending=self.preferences.descending
        )
        self.rows: Rows | None = None
        self.analysis: Analysis | None = None
        self.farewell = ""
        self.choosing, self.engine = Choosing(self), EngineActions(self)
        self._handlers = (self.choosing, self.engine, TakingAway(self))
        self._enough = threading.Event()
        """Set: the thread that follows the run file may end."""
        self._warned: set[str] = set()
        self._analysed: object = None
        self._last_key = 0.0
        """When something was last done; 0: nothing since garbage was looked for."""

    # beginning and ending

    def on_mount(self) -> None:
        if os.environ.get("SSH_CONNECTION"):
            self.animation_level = "none"
        self._apply_preferences()
        self.push_screen(BrowseScreen())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self._leave, number)
        if self.request is not None:
            self.engine.start_engine(self.request)
        elif self.path is not None:
            self.follow(self.path)
        self.set_interval(TIDY, self._tidy)

    def _tidy(self) -> None:
        if self._last_key and time.monotonic() - self._last_key > TIDY:
            self._last_key = 0.0
            gc.collect()

    def _apply_preferences(self) -> None:
        if self.preferences.theme in self.available_themes:
            self.theme = self.preferences.theme
        else:
            self.notify(f"there is no theme {self.preferences.theme}: ^p lists them", severity="warning", timeout=10)
        if self._settings_problem:
            self.notify(self._settings_problem, severity="warning", timeout=10)
        if self.preferences.keys:
            self.set_keymap(dict(self.preferences.keys))
        self.theme_changed_signal.subscribe(self, lambda theme: self.remember(theme=theme.name))

    def _leave(self, number: int) -> None:
        """The terminal is gone, or the system wants us to end: the engine, its own session, goes on."""
        self.say_farewell()
        self.exit(EXIT_INTERRUPTED, message=None)
        del number

    def say_farewell(self, what: str = "") -> None:
        """What to print when the terminal is a terminal again: how to come back."""
        if self.path is None:
            self.farewell = what
            return
        lines = [what] if what else []
        if self.computing and not what:
            lines.append("the attack goes on in the background")
        lines.append(f"look again: thinice-tui open {self.path}")
        self.farewell = "\n".join(printable(line) for line in lines)

    def fail_to_start(self, words: str, code: int) -> None:
        """Nothing was computed and there is nothing to look at: end, with what the engine said and its exit code."""
        self.farewell = words
        self.exit(code)

    def remember(self, **changes: Any) -> None:
        """Keep a preference; said once where that cannot be."""
        before = self.preferences
        self.preferences = replace(before, **changes)
        if self.preferences == before or self._settings_problem:
            return  # unchanged, or a file that is not understood and so left as it is
        if problem := save_preferences(self._settings_file, self.preferences):
            self._settings_problem = problem
            self.notify(problem, severity="warning")

    def in_background(self, work: Callable[..., None], *arguments: object) -> None:
        """Run `work` in a daemon thread, and no worker of textual's: leaving must not wait for it.

        It talks to the interface by messages only.
        """

        def run() -> None:
            try:
                work(*arguments)
            except Exception as error:  # a defect: end with its traceback, as for one in a handler
                self.post_message(self.Callback(self._fail, (error,)))

        threading.Thread(target=run, daemon=True).start()

    def _fail(self, error: Exception) -> None:
        raise error

    # reading

    def follow(self, path: Path) -> None:
        """Read the run file `path` from now on, as it grows."""
        self.path = path
        self._enough.set()
        self._enough = threading.Event()
        self.in_background(self._follow, path, self._enough)

    def _follow(self, path: Path, enough: threading.Event) -> None:
        reader = RunReader(path)
        run: Run | None = None
        computing, problem = False, ""
        while not enough.is_set():
            began = time.monotonic()
            try:
                now = reader.read()
            except RunFileError as error:
                beginning = run is None and self.request is not None  # being made; if that fails, the engine says so
                if error.what != problem and not beginning:
                    problem = error.what
                    self.post_message(self.RunUnreadable(error))
            else:
                computing_now = is_computing(now)
                if now is not run or computing_now != computing or problem:
                    same = run is not None and same_outcomes(run, now)
                    self.post_message(self.RunRead(now, computing_now, None if same else select_rows(now, self.view)))
                run, computing, problem = now, computing_now, ""
            enough.wait(max(POLL, REST * (time.monotonic() - began)))

    def on_thinice_app_run_read(self, event: RunRead) -> None:
        if not self.is_open:
            return
        before, computed = self.run_now, self.named_lives
        self.run_now = event.run
        self.named_lives = event.computing and not self.engine.has_ended(event.run.engine)
        if self.view.margin not in margin_kinds(event.run):  # remembered from another run
            self.view = replace(self.view, margin="clean")
        if event.run.alone:
            self.view = replace(self.view, other=0, sort=columns_shown(event.run, [self.view.sort])[0])
        if event.rows is not None:
            self.show(event.rows if event.rows.view == self.view else select_rows(event.run, self.view))
        elif self.rows is not None:
            self.rows = replace(self.rows, table=replace(self.rows.table, run=event.run))
        self._analyse_if_new(event.run)
        self._warn(event.run)
        if computed and not self.named_lives and before is not None:
            self.engine.gone(event.run, before)
        self.show_progress()

    def on_thinice_app_run_unreadable(self, event: RunUnreadable) -> None:
        if not self.is_open:
            return
        kept = "" if self.run_now is None else " What was read before stays in view."
        self.notify(
            f"{event.error.what}. {event.error.do}.{kept}",
            title="The run file",
            severity="error",
            markup=False,
            timeout=15,
        )
        if self.run_now is None:
            self.waiting_for = event.error.what
            self.show_progress()

    def _warn(self, run: Run) -> None:
        new = [warning for warning in run.info.warnings if warning not in self._warned]
        self._warned.update(new)
        for warning in new:
            self.notify(warning, title="Warning", severity="warning", timeout=12)

    def _analyse_if_new(self, run: Run) -> None:
        """Statistics change when all models have finished a stage, not with every batch."""
        finished = tuple(sum(stage.finished for stage in model.stages) for model in run.models)
        known = tuple(int(clean_known(model).sum()) for model in run.models)
        if (finished, known, run.complete) != self._analysed:
            self._analysed = (finished, known, run.complete)
            self.in_background(self._analyse, run, self._analysed)

    def _analyse(self, run: Run, key: object) -> None:
        self.post_message(self.Analysed(analyse(run), key))

    def on_thinice_app_analysed(self, event: Analysed) -> None:
        if event.key == self._analysed and self.is_open:  # else a newer one is being computed
            if self.analysis is None:
                gc.freeze()  # what is there now stays: to go through it again and again would halt the keys
            self.analysis = event.analysis
            self.tell_screens()

    def on_thinice_app_callback(self, event: Callback) -> None:
        event.handler(*event.arguments)

    # what is looked at

    def show(self, rows: Rows) -> None:
        """Show these rows, keeping the selected sample selected."""
        self.rows = rows
        if self.browse.is_whole:
            self.browse.show_rows()
            self.tell_screens()

    def change_view(self, **changes: Any) -> None:
        """Look at the same run in another way."""
        self.view = replace(self.view, **changes)
        if self.run_now is not None:
            self.show(select_rows(self.run_now, self.view))
            self.show_progress()

    @property
    def computing(self) -> bool:
        """Whether an engine is at it: the one that the run file names, or one that was started here and is to come."""
        return self.named_lives or self.engine.is_starting

    @property
    def is_open(self) -> bool:
        """Whether there are screens: threads still tell what they have found while the interface ends."""
        return any(isinstance(screen, BrowseScreen) for screen in self.screen_stack)

    @property
    def browse(self) -> BrowseScreen:
        """The screen with the table, which is there as long as the interface is open."""
        return next(screen for screen in self.screen_stack if isinstance(screen, BrowseScreen))

    @property
    def position(self) -> int | None:
        """The selected sample's position in the run; None where there is none."""
        return self.browse.table.position if self.rows is not None and self.browse.is_whole else None

    def _run_screens(self) -> Iterable[RunScreen]:
        return [screen for screen in self.screen_stack if isinstance(screen, RunScreen) and screen.is_mounted]

    def show_progress(self) -> None:
        """The run, or what its engine does, has changed."""
        for screen in self._run_screens():
            screen.run_changed()

    def tell_screens(self) -> None:
        if isinstance(self.screen, RunScreen):
            self.screen.told()
        elif self.screen_stack:  # beneath a dialog
            for screen in list(self._run_screens())[-1:]:
                screen.told()

    # doing

    def action_do(self, name: str) -> None:
        """Do what the action `name` means on the screen in front; a reason why not is said."""
        self._last_key = time.monotonic()
        handler = self._handler(name)
        reason = handler() if handler else f"{BY_NAME[name].title} does nothing here"
        if reason:
            self.notify(reason, severity="warning", timeout=4)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where text is typed, the filter's key is text."""
        return not (action == "do" and parameters == ("filter",) and isinstance(self.focused, Input))

    def action_choose_plot(self, kind: str) -> None:
        """A click on a plot's tab."""
        self.choosing.choose_plot(kind)

    def _handler(self, name: str) -> Callable[[], str | None] | None:
        for place in (self.screen, *self._handlers):
            found: Callable[[], str | None] | None = getattr(place, f"do_{name}", None)
            if found is not None:
                return found
        return None

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: the registry's actions of this screen, then Textual's themes."""
        if isinstance(screen, RunScreen):
            for action in actions_in(screen.place):
                if action.name != "palette":
                    title = f"{action.title[0].upper()}{action.title[1:]}"
                    yield SystemCommand(
                        title, f"{action.meaning} ({action.shown})", lambda a=action: self.action_do(a.name)
                    )
        yield SystemCommand(
            "Theme", "colours; ansi-dark and ansi-light use the terminal's own 16", self.action_change_theme
        )

    async def action_quit(self) -> None:
        """Textual's own way out asks, too."""
        self.action_do("quit")

    def on_unmount(self) -> None:
        self._enough.set()
        self.workers.cancel_all()

    def notify(self, message: str, **how: Any) -> None:
        """As textual does, with the message made harmless: it may hold names from strangers' files."""
        super().notify(printable(message), **{**how, "markup": False})
