"""The help on the whole screen."""

from pathlib import Path

from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import opened


@of_actions("help")
async def test_help(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            await driver.shows("next sample", "one page down")
            await driver.press("escape")
            came_from = "browse" if do.place == "text" else do.place
            assert getattr(driver.app.screen, "place", None) == came_from
