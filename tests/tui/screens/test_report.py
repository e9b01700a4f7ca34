"""The summary on the whole screen, page by page."""

from pathlib import Path

from tests.places import SAMPLE_MODELS
from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import opened
from thinice_tui import load_run
from thinice_tui.tui.screens.report import TITLES, ReportScreen

FIVE = SAMPLE_MODELS / "standard.thinice"


@of_actions("summary")
async def test_summary(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert isinstance(driver.app.screen, ReportScreen)
            if do.place == "summary":
                await driver.shows("dense → half, class by class")
            else:
                await driver.shows("Samples on thin ice", "Models")


async def test_its_pages_come_one_after_another_and_by_a_click(settings_file: Path) -> None:
    async with opened(FIVE, settings_file, (100, 50)) as driver:
        pages = {"comparison": "excess NFR", "classes": "Lost by each model", "report": "PGD-20 %"}
        for words in pages.values():
            await driver.press("v")
            await driver.shows(words)
            await driver.drawn()
            assert not [one for one in pages.values() if one != words and one in driver.text]
        await driver.pilot.click(offset=(driver.lines[2].index(TITLES["classes"]), 2))
        await driver.shows("dense → pruned-90, class by class")
        await driver.press("]")
        truck = next(one for one in load_run(FIVE).flips_by_class("pruned") if one.label == 9).rate
        await driver.shows("dense → pruned, class by class", truck.in_words().replace(" %", ""))
        await driver.press("v", "v", "escape")
        assert driver.app.screen is driver.browse


async def test_a_page_begins_at_its_beginning(settings_file: Path) -> None:
    async with opened(FIVE, settings_file) as driver:
        await driver.press("v")
        await driver.drawn()
        await driver.press("G", "v")
        await driver.drawn()
        await driver.shows("dense → pruned-90, class by class")
