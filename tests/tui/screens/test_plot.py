"""A plot on the whole screen."""

from pathlib import Path

from tests.tui.driver import NARROW, opened
from thinice_tui.tui.content.plot_kinds import PLOTS


async def test_every_plot_is_shown_in_turn_with_its_tab_in_reverse(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, NARROW) as driver:
        await driver.go("plots")
        shown = []
        for kind in PLOTS:
            assert driver.session.preferences.plot == kind
            await driver.drawn()
            shown.append("\n".join(driver.lines[3:]))
            await driver.press("p")
        assert len(set(shown)) == len(PLOTS) and driver.session.preferences.plot == "margins"
