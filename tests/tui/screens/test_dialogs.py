"""Dialogs."""

from pathlib import Path

from textual.widgets import SelectionList

from tests.tui.driver import opened
from thinice_tui.tui.screens.dialogs import MultipleChoiceDialog


async def test_chosen_columns_are_ticked_and_not_only_coloured(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("c")
        assert "✓ label" in driver.text and "✓ dense clean" not in driver.text
        await driver.press("down", "space")
        assert "✓ label" not in driver.text and "✓ sample" in driver.text


async def test_no_columns_at_all_are_not_accepted(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        before = driver.session.preferences
        await driver.press("c")
        driver.app.screen.query_one(SelectionList).deselect_all()
        await driver.press("enter")
        assert driver.said == ["choose at least one"] and isinstance(driver.app.screen, MultipleChoiceDialog)
        await driver.press("escape")
        assert driver.session.preferences == before
