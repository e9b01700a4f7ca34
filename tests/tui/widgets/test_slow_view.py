"""Drawings that take long."""

import threading
import time
from functools import partial

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from tests.tui.driver import DEADLINE
from thinice_tui.tui.widgets.slow_view import SlowView


class Slow(App[None]):
    def compose(self) -> ComposeResult:
        yield SlowView(id="view")


class Late:
    """A drawing that ends when it is let to."""

    def __init__(self) -> None:
        self.begun, self.may_end, self.ended = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, _width: int, _height: int) -> Text:
        self.begun.set()
        self.may_end.wait(DEADLINE)
        self.ended.set()
        return Text("late")

    async def begin_in(self, view: SlowView, pilot: Pilot[None]) -> None:
        """Be drawn in `view`, and wait until that has begun."""
        view.draw("late", self)
        while not self.begun.is_set():
            await pilot.pause(0.01)


async def test_a_drawing_that_comes_late_does_not_replace_a_newer_one() -> None:
    app = Slow()
    late = Late()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(SlowView)
        await late.begin_in(view, pilot)
        view.draw("new", lambda _width, _height: Text("new"))
        while "new" not in view.text:
            await pilot.pause(0.01)
        late.may_end.set()
        while not late.ended.is_set():
            await pilot.pause(0.01)
        await pilot.pause(0.2)
        assert view.text.strip() == "new"


async def test_drawings_that_take_longer_than_changes_come_are_seen() -> None:
    app = Slow()

    def slow(number: int, _width: int, _height: int) -> Text:
        time.sleep(0.1)
        return Text(f"drawn {number}")

    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(SlowView)
        seen = set()
        for number in range(16):
            view.draw(number, partial(slow, number))
            await pilot.pause(0.05)
            seen.add(view.text.strip())
        assert len(seen - {""}) >= 2, "a run that grows all the time is seen, too"


async def test_a_defect_in_a_drawing_is_not_swallowed() -> None:
    app = Slow()

    def broken(_width: int, _height: int) -> Text:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        async with app.run_test(size=(40, 10)) as pilot:
            app.query_one(SlowView).draw("broken", broken)
            await pilot.pause(0.5)


async def test_a_sentence_is_not_replaced_by_a_drawing_that_comes_late() -> None:
    app = Slow()
    late = Late()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(SlowView)
        await late.begin_in(view, pilot)
        view.show_sentence("nothing to draw")
        while "nothing" not in view.text:
            await pilot.pause(0.01)
        late.may_end.set()
        await pilot.pause(0.2)
        assert view.text.strip() == "nothing to draw"


def numbered(number: int, _width: int, _height: int) -> Text:
    return Text(f"drawn {number}")


async def test_a_view_that_is_removed_while_it_is_drawn_ends_nothing() -> None:
    """The thread that draws goes on with other views."""
    app = Slow()
    late = Late()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(SlowView)
        await late.begin_in(view, pilot)
        await view.remove()
        late.may_end.set()
        other = SlowView(id="other")
        await app.mount(other)
        for number in range(4):  # one for each thread
            other.draw(number, partial(numbered, number))
            while f"drawn {number}" not in other.text:
                await pilot.pause(0.01)
