"""The application: it puts session, actions and screens together, and carries out what a key means."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from textual._ansi_theme import ALABASTER, MONOKAI
from textual.app import App, SystemCommand
from textual.filter import LineFilter, Monochrome, NoColor
from textual.notifications import Notify
from textual.screen import Screen
from textual.theme import ThemeProvider
from textual.widgets import Input

from thinice_tui.errors import EXIT_ERROR, EXIT_INTERRUPTED, ThiniceError
from thinice_tui.plots.style import ON_DARK, ON_LIGHT
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.reader import check_run_file
from thinice_tui.runfile.records import Run
from thinice_tui.safe_io.allocator import set_thresholds
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.action_registry import BY_NAME, TYPING, Reason, actions_in, bindings_everywhere
from thinice_tui.tui.actions.engine import EngineActions
from thinice_tui.tui.actions.export import ExportActions
from thinice_tui.tui.actions.tag import TagActions
from thinice_tui.tui.actions.view import ViewActions
from thinice_tui.tui.background import Background
from thinice_tui.tui.filters import AsciiFilter, BrightFilter, PlainFilter, needs_ascii
from thinice_tui.tui.interface import Answer
from thinice_tui.tui.jobs import Jobs
from thinice_tui.tui.notifications import TimedNotification
from thinice_tui.tui.palette import set_variables, terminal_theme
from thinice_tui.tui.preferences import preferences_file
from thinice_tui.tui.recent_runs import RecentRuns, begin, offered_runs, recent_runs_file
from thinice_tui.tui.screens.browse import BrowseScreen
from thinice_tui.tui.screens.command_palette import SafeCommandPalette
from thinice_tui.tui.screens.run_screen import RunScreen
from thinice_tui.tui.screens.start import StartDialog
from thinice_tui.tui.session import Session
from thinice_tui.tui.terminal_driver import TerminalDriver, has_shell
from thinice_tui.tui.unexpected_error import unexpected_error

ASCII, BRIGHT, PLAIN = AsciiFilter(), BrightFilter(), PlainFilter()
LARGE = 1 << 20
"""Bytes from which memory comes straight from the system, and goes back to it when freed.

glibc would raise that limit as large arrays come and go, and keep them, for each thread anew: after plots and sorts of
1M rows the interface then holds 372 MB in place of 266 (medians of three alternating rounds).
"""


def compare_in_app(request: Request) -> int:
    """Start the engine for `request` and browse what it computes; the exit code."""
    return _run(ThiniceApp(request=request, recent_file=recent_runs_file()))


def open_in_app(path: Path, runs: Sequence[Run] = ()) -> int:
    """Browse the run file `path`; the exit code. runs: several that are read together, that of `path` the first."""
    runs = [replace(run, path=str(Path(run.path).absolute())) for run in runs]
    return _run(ThiniceApp(path=path.absolute(), recent_file=recent_runs_file(), runs=runs))


def choose_in_app() -> int:
    """Offer recent runs, and browse the one that is chosen; the exit code."""
    return _run(ThiniceApp(recent_file=recent_runs_file()))


def _run(app: "ThiniceApp") -> int:
    gc.freeze()  # what is imported stays: to look through it takes 0.04 s, before the first frame
    gc.enable()  # the commands disable it while they import
    set_thresholds(LARGE)
    try:
        code = app.run()
    except Exception as error:
        code = EXIT_ERROR
        app.explain(error)
    with suppress(OSError):  # the terminal is gone
        if app.exit_message:
            print(app.exit_message, file=sys.stderr)
    return code if code is not None else app.return_code or 0


class ThiniceApp(App[int]):
    """Shows one run."""

    CSS_PATH = "thinice.tcss"
    TITLE = "thinice-tui"
    BINDINGS = bindings_everywhere()
    ENABLE_COMMAND_PALETTE = False  # ours is an action of the registry, see screens/command_palette.py

    def __init__(
        self,
        request: Request | None = None,
        path: Path | None = None,
        settings_file: Path | None = None,
        recent_file: Path | None = None,
        runs: Sequence[Run] = (),
    ) -> None:
        """recent_file: of the runs looked at last; None: none are remembered, and there is no hint at first."""
        super().__init__(driver_class=TerminalDriver)
        background = Background(self.call_later)
        self.session = Session(self, background, settings_file or preferences_file(), request, path, runs)
        self._engine_actions = EngineActions(self.session, self)
        self._recent_file = recent_file
        self._recent = None if recent_file is None else RecentRuns(recent_file, self.session, background)
        self._jobs = Jobs(self.session, self, background)
        self.handlers = (
            ViewActions(self.session, self),
            self._engine_actions,
            TagActions(self.session, self, background),
            ExportActions(self.session, self, self._jobs),
        )
        self.exit_message = ""
        """What to print after the interface has ended."""
        self._is_explained = False
        self.is_ascii = needs_ascii()
        self.previous_action = self._last_action = ""
        self._refusal: TimedNotification | None = None
        """The last message of a key that could do nothing."""

    # beginning and ending

    def on_mount(self) -> None:
        if os.environ.get("SSH_CONNECTION"):
            self.animation_level = "none"
        self._apply_preferences()
        is_first = self._recent_file is not None and begin(self._recent_file)
        self.push_screen(BrowseScreen(self.session, has_hint=is_first))
        asyncio.get_running_loop().set_exception_handler(self._task_failed)
        if self.session.request is not None:
            self._engine_actions.start(self.session.request)
        elif self.session.path is not None:
            self.call_after_refresh(self.session.follow, self.session.path)  # its thread would slow the first frame
        else:
            self._offer_runs()

    def _offer_runs(self) -> None:
        """Let the user choose a run; without one there is nothing to show."""
        dialog = StartDialog(offered_runs(self._recent_file) if self._recent_file is not None else [])

        def answered(name: str | None) -> None:
            if name is None:
                self.leave(0, "")
                return
            path = dialog.path_of(name)
            try:
                check_run_file(path)
            except ThiniceError as error:
                self.notify(f"{error.what}; {error.do}", severity="error", timeout=10)
                self._offer_runs()
            else:
                self.session.follow(path)

        self.ask(dialog, answered)

    def on_unmount(self) -> None:
        self.session.close()
        self._jobs.close()
        self.workers.cancel_all()

    def _apply_preferences(self) -> None:
        preferences = self.session.preferences
        if preferences.theme in self.available_themes:
            self.theme = preferences.theme
        else:
            self.notify(f"there is no theme {preferences.theme}: ^p lists them", severity="warning", timeout=10)
        if self.session.settings_problem:
            self.notify(self.session.settings_problem, severity="warning", timeout=10)
        if preferences.keys:
            self.set_keymap(dict(preferences.keys))
        self.theme_changed_signal.subscribe(self, lambda theme: self.session.remember(theme=theme.name))
        self.theme_changed_signal.subscribe(self, lambda _theme: self._match_colours())
        self._match_colours()

    def _match_colours(self) -> None:
        """Draw sets and models in plots in colours that can be read on the theme's background."""
        if not self.native_ansi_color:
            how = (self.theme_variables, self.console.color_system, self.no_color)
            self.ansi_theme_dark = terminal_theme(MONOKAI, ON_DARK, *how)
            self.ansi_theme_light = terminal_theme(ALABASTER, ON_LIGHT, *how)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What the style sheet may use besides the theme's own variables."""
        return set_variables(self.current_theme)

    def on_terminal_driver_ended_from_outside(self) -> None:
        """The terminal is gone, or the system ends this process; the engine, a session of its own, goes on."""
        self.leave(EXIT_INTERRUPTED, self.session.exit_message())

    def on_driver_signal_resume(self) -> None:
        """Draw everything: the shell has had the terminal meanwhile."""
        self.refresh(layout=True)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What is done to every line before it is drawn: Textual's filters and ours."""
        filters = list(super().get_line_filters())
        if self.native_ansi_color and self.no_color:
            filters = [PLAIN if isinstance(one, (Monochrome, NoColor)) else one for one in filters]
        elif self.native_ansi_color and self.current_theme.dark:
            filters.append(BRIGHT)
        return [*filters, ASCII] if self.is_ascii else filters

    # unexpected errors

    def _fatal_error(self) -> None:
        """End with a message in place of Textual's traceback with the values of variables."""
        assert self._exception is not None
        self.explain(self._exception)
        self._close_messages_no_wait()

    def panic(self, *_renderables: RenderableType) -> None:
        """Textual calls this in place of `_fatal_error` for errors that can draw themselves."""
        self._fatal_error()

    def explain(self, error: Exception) -> None:
        """Say why the interface has ended: the first error only, which the others follow from."""
        if not self._is_explained:
            self._is_explained = True
            self.exit_message = unexpected_error(error, self.session.exit_message())

    def _task_failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A task that nobody waits for has failed: asyncio would write a traceback onto the screen."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self._handle_exception(error)

    # what session and actions may ask for: see interface.py

    def notify(self, message: str, *, timeout: float | None = None, **options: Any) -> None:
        """As Textual does, without markup and control characters: the message may hold names from strangers' files."""
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        self._post(TimedNotification(printable(message), timeout=seconds, **{**options, "markup": False}))

    def refuse(self, reason: str) -> None:
        """Say why a key could do nothing, in the place of what was said of the one before: they must not pile up."""
        if self._refusal is not None:
            self._refusal.is_replaced = True
        self._refusal = TimedNotification(printable(reason), timeout=4, severity="warning", markup=False)
        self._post(self._refusal)

    def _post(self, notification: TimedNotification) -> None:
        self.post_message(Notify(notification))

    def show(self, screen: Screen[None]) -> None:
        self.push_screen(screen)

    def ask(self, dialog: Screen[Answer], answered: Callable[[Answer | None], None]) -> None:
        self.push_screen(dialog, answered)

    def go_back(self) -> None:
        self.pop_screen()

    def leave(self, exit_code: int, message: str) -> None:
        self.exit_message = message
        self.exit(exit_code)

    # actions

    def action_do(self, name: str) -> None:
        """Do what the registry's action `name` means on the screen in front; say why, where it can do nothing."""
        self.previous_action, self._last_action = self._last_action, name
        handler = self._handler(name)
        reason = handler() if handler else f"{BY_NAME[name].title} does nothing here"
        if reason:
            self.refuse(reason)

    def _handler(self, name: str) -> Callable[[], Reason] | None:
        for owner in (self.screen, *self.handlers):
            found: Callable[[], Reason] | None = getattr(owner, f"do_{name}", None)
            if found is not None:
                return found
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where text is typed, a key that would open another line for text is text."""
        return not (action == "do" and parameters[0] in TYPING and isinstance(self.focused, Input))

    def action_choose_plot(self, kind: str) -> None:
        """A click on a plot's tab."""
        self.session.choose_plot(kind)

    def action_select_sample(self, position: int) -> None:
        """A click on a point of a plot."""
        if self.session.rows is not None and (line := self.session.rows.line_of(position)) is not None:
            self.session.select(line)

    def action_filter_margin(self, margins: str) -> None:
        """A click on a bin of the histogram: only samples whose margins are in this range; again: all margins."""
        self.session.filter_margin(margins)

    async def action_quit(self) -> None:
        """Textual's own way of ending the program asks, too."""
        self.action_do("quit")

    def suspend_to_shell(self) -> Reason:
        """Give the terminal back to the shell until it lets this program go on."""
        if not isinstance(self._driver, TerminalDriver) or not has_shell():
            return "there is no shell to come back from"
        self._driver.suspend_process()
        return None

    def action_change_theme(self) -> None:
        """Let the user choose from the themes."""
        self.push_screen(SafeCommandPalette([ThemeProvider], placeholder="Search for themes…"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette's commands: the registry's actions of this screen, then Textual's themes."""
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
