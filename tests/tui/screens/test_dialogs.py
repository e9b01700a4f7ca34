"""Dialogs."""

from pathlib import Path

from textual.widgets import OptionList

from tests.tui.driver import opened
from thinice_tui.analysis.table import COLUMNS, LOST_IN, TAG
from thinice_tui.tui.screens.dialogs import ChoiceDialog, MultipleChoiceDialog


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
        for choice in list(driver.app.screen.query_one(OptionList).options):
            await driver.press(*["space"] * (choice.id in before.columns), "down")
        await driver.press("enter")
        assert driver.said == ["choose at least one"] and isinstance(driver.app.screen, MultipleChoiceDialog)
        await driver.press("escape")
        assert driver.session.preferences == before


async def test_meanings_of_columns_are_whole_at_80_columns(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("c")
        seen = ""
        for _ in COLUMNS:
            seen += driver.text
            await driver.press("down")
        words = " ".join(seen.replace("│", " ").split())
        for key, column in COLUMNS.items():
            found = column.meaning in words or all(part in words for part in column.meaning.split("; "))
            assert found or key in (TAG, LOST_IN), column.meaning


async def test_a_dialog_is_answered_once(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("x")
        dialog = driver.app.screen
        assert isinstance(dialog, ChoiceDialog)
        dialog.answer(None)
        dialog.answer("csv")
        await driver.settle()
        assert driver.app.screen is driver.browse and len(driver.app.screen_stack) == 2
