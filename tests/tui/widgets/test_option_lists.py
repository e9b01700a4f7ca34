"""Lists that are used while they fill."""

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.widgets import OptionList

from thinice_tui.tui.widgets.option_lists import GuardedList, TickList


class Lists(App[None]):
    def compose(self) -> ComposeResult:
        yield GuardedList(*map(str, range(50)))
        yield TickList("a", "b")


@pytest.mark.parametrize("key", ["pagedown", "pageup"])
async def test_paging_before_the_lines_are_known(key: str) -> None:
    async with Lists().run_test() as pilot:
        found = pilot.app.query_one(GuardedList)
        found.highlighted = 1
        found._index_to_line.clear()
        found.focus()
        await pilot.press(key)
        assert pilot.app.is_running


async def test_a_click_on_an_option_that_is_no_more() -> None:
    async with Lists().run_test() as pilot:
        found = pilot.app.query_one(GuardedList)
        await pilot.pause()
        strips = pilot.app.screen._compositor.render_strips()
        style = next(segment.style for segment in strips[3] if segment.style and "option" in segment.style.meta)
        found.clear_options()
        found.post_message(events.Click(found, 1, 3, 0, 0, 1, False, False, False, 1, 3, style))
        await pilot.pause()
        assert pilot.app.is_running and found.highlighted is None


async def test_space_ticks_and_enter_does_not() -> None:
    chosen: list[str] = []

    class Ticked(Lists):
        def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
            chosen.append(str(event.option.prompt))

    async with Ticked().run_test() as pilot:
        pilot.app.query_one(TickList).focus()
        await pilot.press("space")
        assert chosen == ["a"]
        await pilot.press("enter")
        assert chosen == ["a"]
