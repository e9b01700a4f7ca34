"""What all screens share: terminals of every size, paging, following the run."""

from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import make_run, write_run
from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import MODELS, NARROW, WIDE, opened
from thinice_tui.tui.screens.browse import BrowseScreen
from thinice_tui.tui.widgets.panels import PlotTabs
from thinice_tui.tui.widgets.slow_view import SlowView


@of_actions("page_down", "page_up")
async def test_pages(cases: Cases, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, shape=(3, 64, 64), n=80)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        async for do in each(driver, cases, "0"):
            by = 1 if do.name == "page_down" else -1
            if do.place == "browse":
                await driver.press("G" if by < 0 else "g")
                before = driver.cursor
                await driver.press(do.key)
                assert driver.cursor - before == by * driver.table.page
                continue
            if do.place == "inspect":
                await driver.press("z")
            await driver.drawn()
            view = driver.app.screen.query_one(SlowView)
            if do.place == "plots":
                await driver.press(do.key)
                assert driver.said == ["there is no more to see that way"]
                continue
            view.scroll_to(y=0 if by > 0 else 1000, animate=False, immediate=True)
            scrolled = view.scroll_y
            await driver.press(do.key)
            assert by * (view.scroll_y - scrolled) > 0


SIZES = [(60, 20), NARROW, (110, 32), WIDE, (140, 40), (200, 60)]


async def test_other_screens_follow_the_run_too(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"})
    with made.open() as writer:
        made.begin(writer)
        made.clean(writer, 0)
        made.clean(writer, 1)
        weakest = int(np.flatnonzero((made.margins[1] > 0) & (made.margins[1] < 0.5) & (made.margins[0] > 1.5))[0])
        async with opened(made.path, settings_file) as driver:
            await driver.press("/", *f"sample={3 * weakest}", "enter", "enter")
            await driver.shows(f"#{3 * weakest} ", "undecided")
            for number in (0, 1):
                made.attack(writer, number, 0)
            await driver.shows("S10", "PGD-20")
            await driver.press("escape", "v")
            await driver.shows("PARTIAL")


@pytest.mark.parametrize("size", SIZES)
async def test_every_size_shows_the_table_and_the_way_out(
    size: tuple[int, int], run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file, size) as driver:
        await driver.drawn()
        wide = size[0] >= 110 and size[1] >= 32
        assert driver.browse.is_wide == wide
        beside = [view.display and view.size.width > 0 for view in driver.app.screen.query(SlowView)]
        assert beside == [wide] * 3
        assert (driver.app.screen.query_one(PlotTabs).size.width > 0) == wide
        assert "dense → half" in driver.lines[0] and "q quit" in driver.lines[-1]
        assert len(driver.lines) == size[1] and driver.table.page >= 10
        assert "too small" not in driver.text
        if wide:
            await driver.shows("logits", "n=", "robust")


async def test_a_terminal_that_is_too_small_says_what_is_needed_and_recovers(
    run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file, (50, 15)) as driver:
        await driver.shows("too small", "60", "20")
        await driver.press("j")
        await driver.pilot.resize_terminal(80, 24)
        await driver.until(lambda: "too small" not in driver.text)
        assert driver.cursor == 1 and "margin▲" in driver.lines[3]
        for size in ((59, 24), (80, 19)):
            await driver.pilot.resize_terminal(*size)
            await driver.shows("too small")
        await driver.pilot.resize_terminal(60, 20)
        await driver.until(lambda: "too small" not in driver.text)


@pytest.mark.parametrize("keys", [["enter", "z"], ["P"], ["v"], ["x"], ["/", "z"]])
async def test_no_size_breaks_any_screen(keys: list[str], run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file, (110, 32)) as driver:
        await driver.press(*keys)
        for size in [(5, 3), (1, 1), (200, 10), NARROW]:
            await driver.pilot.resize_terminal(*size)
            await driver.drawn()
        assert driver.app._exception is None and driver.app.return_code is None
        assert isinstance(driver.browse, BrowseScreen) and len(driver.lines) == 24
