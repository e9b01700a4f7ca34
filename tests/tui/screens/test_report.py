"""The report on the whole screen."""

from pathlib import Path

from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import opened
from thinice_tui.tui.screens.report import ReportScreen


@of_actions("summary")
async def test_summary(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            await driver.shows("Samples on thin ice", "Models")
            assert isinstance(driver.app.screen, ReportScreen)
