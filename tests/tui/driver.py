"""Opens the interface on a run file, presses keys, waits for what should come, and reads the screen."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from thinice_tui.runfile.records import Role
from thinice_tui.tui.action_registry import Place
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.screens.browse import BrowseScreen
from thinice_tui.tui.screens.run_screen import RunScreen
from thinice_tui.tui.session import Session
from thinice_tui.tui.widgets.sample_table import SampleTable
from thinice_tui.tui.widgets.slow_view import SlowView

DEADLINE = 60.0
"""Seconds after which what is waited for will not come."""
NARROW, WIDE = (80, 24), (120, 40)
MODELS: dict[str, Role] = {"dense": "dense", "half": "pruned", "again": "control"}
FIVE: dict[str, Role] = {
    "dense": "dense",
    "pruned-90": "pruned",
    "pruned-95": "pruned",
    "pruned-99": "pruned",
    "control": "control",
}
SPARSITIES = {"dense": 0.0, "pruned-90": 0.9, "pruned-95": 0.95, "pruned-99": 0.99, "control": 0.0}
"""Of FIVE."""
REACH: dict[Place, tuple[str, ...]] = {
    "browse": (),
    "inspect": ("enter",),
    "plots": ("P",),
    "summary": ("v",),
    "text": ("?",),
}
"""The keys that lead from the table to each place."""


@dataclass
class Driver:
    """Presses keys in the application, and reads its screen and its session."""

    app: ThiniceApp
    pilot: Pilot[int]
    said: list[str]
    """Every notification since the beginning."""
    doing: str = ""
    """What is tried at the moment; added to the error where it fails."""

    @property
    def session(self) -> Session:
        return self.app.session

    @property
    def browse(self) -> BrowseScreen:
        """The screen with the table, which exists as long as the interface is open."""
        return next(screen for screen in self.app.screen_stack if isinstance(screen, BrowseScreen))

    @property
    def table(self) -> SampleTable:
        return self.browse.table

    @property
    def cursor(self) -> int:
        """The selected row."""
        return self.session.cursor

    @property
    def selected(self) -> int:
        """The selected sample's position; there must be one."""
        assert self.session.position is not None
        return self.session.position

    @property
    def order(self) -> list[int]:
        """Positions of the samples shown, in order."""
        assert self.session.rows is not None
        found: list[int] = self.session.rows.order.tolist()
        return found

    @property
    def lines(self) -> list[str]:
        """What the screen shows, line by line."""
        return ["".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    async def press(self, *keys: str) -> None:
        """Press keys one by one, each after what the one before has caused. In a hundredth of pilot.press's time."""
        for key in keys:
            named = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
            self.app.post_message(events.Key(named, key if len(key) == 1 else None))
            await self.settle()

    async def settle(self) -> None:
        """Wait until every message has been handled, and those that these have caused."""
        for _ in range(3):
            await self.pilot.pause(0)

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait until `condition` holds."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            if self.app._exception is not None:
                raise AssertionError("the interface broke down") from self.app._exception
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what or condition}; said {self.said}; shown\n{self.text}")
            await asyncio.sleep(0.005)
        await self.settle()

    async def ready(self) -> None:
        """Wait until samples and statistics are known."""
        await self.until(lambda: self.session.rows and self.session.analysis, "rows and analysis")

    async def shows(self, *words: str) -> None:
        """Wait until all of `words` are on the screen."""
        await self.until(lambda: holds_all(self.text, words), f"{words} on the screen")

    async def says(self, words: str, times: int = 1) -> None:
        """Wait until so many notifications have `words`."""
        await self.until(lambda: sum(words in one for one in self.said) >= times, f"{words!r} said")

    async def drawn(self) -> None:
        """Wait until the slow views of this screen show what they should."""
        await self.until(lambda: all(view.is_drawn for view in self.app.screen.query(SlowView)), "drawings")

    async def back(self) -> None:
        """To the table, with the filter as it is."""
        while self.app.screen is not self.browse or self.app.focused is not self.table:
            await self.press("escape")

    async def go(self, place: Place) -> None:
        """From the table to `place`."""
        await self.press(*REACH[place])
        await self.until(lambda: isinstance(self.app.screen, RunScreen) and self.app.screen.place == place, place)
        await self.settle()


def holds_all(text: str, words: Iterable[str]) -> bool:
    return all(word in text for word in words)


@asynccontextmanager
async def opened(
    path: Path, settings_file: Path, size: tuple[int, int] = NARROW, ready: bool = True
) -> AsyncIterator[Driver]:
    """The interface on the run file `path`; ready: with its samples and statistics."""
    async with driven(ThiniceApp(path=path, settings_file=settings_file), size, ready) as driver:
        yield driver


@asynccontextmanager
async def driven(app: ThiniceApp, size: tuple[int, int] = NARROW, ready: bool = True) -> AsyncIterator[Driver]:
    """`app` while it runs; ready: with its samples and statistics."""
    said = listen(app)
    async with app.run_test(size=size, notifications=True) as pilot:
        driver = Driver(app, pilot, said)
        if ready:
            await driver.ready()
        try:
            yield driver
        except AssertionError as error:
            if driver.doing:
                error.add_note(f"at: {driver.doing}")
            raise


def listen(app: ThiniceApp) -> list[str]:
    """A list that every message of `app` is added to from now on."""
    said: list[str] = []

    def noted(tell: Callable[..., None]) -> Any:
        def note(message: str, **options: Any) -> None:
            said.append(message)
            tell(message, **options)

        return note

    app.notify, app.refuse = noted(app.notify), noted(app.refuse)  # type: ignore[method-assign]
    return said
