"""Going to a sample by its number."""

from pathlib import Path

import pytest
from textual.widgets import Static

from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import opened
from thinice_tui.tui.widgets.jump_bar import JumpBar


@of_actions("jump")
async def test_jump(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases, "0"):
            for typed, index in (("27", 27), ("#30", 30), ("  0 ", 0)):  # indices are thrice the position
                await driver.press(do.key, *typed, "enter")
                assert driver.selected == index // 3 and driver.app.focused is driver.table


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("1", "sample 1 is not in this run: it has 200, from 0 to 597"),
        ("99999999999999999999999", "is no sample's number"),
        ("cat", "cat is no sample's number: type one such as 0"),
        ("-3", "-3 is no sample's number"),
        ("³", "is no sample's number"),
        ("", ""),
    ],
)
async def test_a_number_that_leads_nowhere_says_why(
    typed: str, reason: str, run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file) as driver:
        before = driver.selected
        await driver.press(":", *typed, "enter")
        assert driver.selected == before and not driver.said
        bar = driver.app.screen.query_one(JumpBar)
        assert bar.display == bool(reason), "what was typed can be changed"
        beneath = bar.query_one("#problem", Static)
        assert beneath.display == bool(reason) and reason in str(beneath.render())


async def test_a_wrong_number_can_be_changed(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        wanted = driver.order[3]
        await driver.press(":", *f"{3 * wanted}1", "enter", "backspace", "enter")
        assert driver.selected == wanted and driver.app.focused is driver.table
        await driver.press(":")
        assert not driver.app.screen.query_one("#jump #problem").display


async def test_a_sample_that_the_filter_hides_is_named(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        hidden = next(position for position in range(200) if position not in driver.order)
        await driver.press(":", *str(3 * hidden), "enter")
        await driver.shows("is in this run but not among", "esc twice shows all")
        view = driver.session.view
        await driver.press("escape")
        assert driver.session.view == view and driver.app.focused is driver.table
        await driver.press("escape")
        assert len(driver.order) == 200


async def test_escape_leaves_it(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        before = driver.selected, driver.session.view
        await driver.press(":", "2", ":", "escape")
        assert (driver.selected, driver.session.view) == before and driver.said == []
        assert driver.app.focused is driver.table
