"""Drawings that take long."""

import threading
import time
from functools import partial

import pytest
from rich.text import Text
from textual.app import App, ComposeResult

from tests.tui.driver import DEADLINE
from thinice_tui.tui.widgets.slow_view import SlowView


class Slow(App[None]):
    def compose(self) -> ComposeResult:
        yield SlowView(id="view")


async def test_a_drawing_that_comes_late_does_not_replace_a_newer_one() -> None:
    app = Slow()
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def late(_width: int, _height: int) -> Text:
        begun.set()
        may_end.wait(DEADLINE)
        ended.set()
        return Text("late")

    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(SlowView)
        view.draw("late", late)
        while not begun.is_set():
            await pilot.pause(0.01)
        view.draw("new", lambda _width, _height: Text("new"))
        while "new" not in view.text:
            await pilot.pause(0.01)
        may_end.set()
        while not ended.is_set():
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
    begun, may_end = threading.Event(), threading.Event()

    def late(_width: int, _height: int) -> Text:
        begun.set()
        may_end.wait(DEADLINE)
        return Text("late")

    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(SlowView)
        view.draw("late", late)
        while not begun.is_set():
            await pilot.pause(0.01)
        view.show_sentence("nothing to draw")
        while "nothing" not in view.text:
            await pilot.pause(0.01)
        may_end.set()
        await pilot.pause(0.2)
        assert view.text.strip() == "nothing to draw"


def numbered(number: int, _width: int, _height: int) -> Text:
    return Text(f"drawn {number}")


async def test_a_view_that_is_removed_while_it_is_drawn_ends_nothing() -> None:
    """The thread that draws goes on with other views."""
    app = Slow()
    begun, may_end = threading.Event(), threading.Event()

    def late(_width: int, _height: int) -> Text:
        begun.set()
        may_end.wait(DEADLINE)
        return Text("late")

    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(SlowView)
        view.draw("late", late)
        while not begun.is_set():
            await pilot.pause(0.01)
        await view.remove()
        may_end.set()
        other = SlowView(id="other")
        await app.mount(other)
        for number in range(4):  # one for each thread
            other.draw(number, partial(numbered, number))
            while f"drawn {number}" not in other.text:
                await pilot.pause(0.01)
