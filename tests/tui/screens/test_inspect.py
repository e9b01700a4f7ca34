"""One sample on the whole screen."""

from pathlib import Path

from tests.fake_runs import write_run
from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import MODELS, opened
from thinice_tui.tui.widgets.slow_view import SlowView


@of_actions("zoom")
async def test_zoom(cases: Cases, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, shape=(3, 64, 64), n=40)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        async for do in each(driver, cases):
            await driver.drawn()
            panel = driver.app.screen.query_one(SlowView)
            assert panel.max_scroll_y == 0, "everything fits"
            await driver.press(do.key)
            await driver.drawn()
            assert panel.max_scroll_y > 0 and "▀" * 64 in driver.text, "a cell a column of pixels"
            await driver.press(do.key)
            await driver.drawn()
            assert panel.max_scroll_y == 0
