"""A text is scrolled by the keys that move through the table."""

from pathlib import Path

from tests.tui.driver import opened
from thinice_tui.tui.widgets.slow_view import SlowView


async def test_keys_scroll_a_text(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("?")
        await driver.drawn()
        view = driver.app.screen.query_one(SlowView)
        for key, row in (("j", 1), ("down", 2), ("k", 1), ("G", view.max_scroll_y), ("g", 0)):
            await driver.press(key)
            assert view.scroll_y == row, key
        await driver.press("k")
        assert driver.said == ["there is no more to see that way"]
