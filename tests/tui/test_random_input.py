"""No keys, clicks or sizes break the interface, in any order; and those that did, once."""

import itertools
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.widgets import OptionList

from tests.places import SAMPLE_MODELS
from tests.tui.driver import opened
from tests.tui.random_input import PLACES, SIZES, growing, press, rush

INPUTS = 100


@pytest.mark.usefixtures("computing")
@pytest.mark.parametrize(("seed", "size"), list(enumerate(SIZES)), ids=str)
async def test_any_input_in_any_order(seed: int, size: tuple[int, int], settings_file: Path, tmp_path: Path) -> None:
    chance, places, seen = random.Random(seed), itertools.cycle(PLACES), Counter[str]()
    finished = Path(shutil.copy(SAMPLE_MODELS / "standard.thinice", tmp_path / "five.thinice"))
    with growing(tmp_path / "growing.thinice") as run:
        for path in (finished, run):
            done = 0
            while done < INPUTS:  # a key may leave the interface
                done += await rush(path, settings_file, size, chance, INPUTS - done, places, seen)
    assert {"browse", "inspect", "plots", "summary", "text"} <= set(seen)
    assert {"ChoiceDialog", "SafeCommandPalette"} <= set(seen)


async def test_two_enters_carry_out_a_command_of_the_palette_once(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.go("inspect")
        await driver.press("ctrl+p", *"Back")
        options = driver.app.screen.query_one(OptionList)
        await driver.until(lambda: options.option_count == 1, "the command that matches")
        press(driver.app, ("enter", "enter", "enter"))
        await driver.settle()
        await driver.until(lambda: driver.app.screen is driver.browse)
        assert len(driver.app.screen_stack) == 2 and driver.app._exception is None


async def test_two_escapes_leave_one_dialog(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.go("inspect")
        await driver.press("x")
        press(driver.app, ("enter", "enter"))  # choose, and accept the name
        await driver.settle()
        await driver.press("x")
        press(driver.app, ("escape", "enter", "escape"))
        await driver.settle()
        assert driver.app._exception is None and driver.app.screen is driver.browse


async def test_back_on_the_table_is_refused(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        driver.app.action_do("back")
        await driver.settle()
        assert driver.said == ["this is the table; q quits"] and driver.app.screen is driver.browse


async def test_paging_while_the_list_of_themes_fills(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        driver.app.action_change_theme()
        press(driver.app, ("pagedown", "pageup", "end"))
        await driver.settle()
        screen = driver.app.screen
        assert isinstance(screen, CommandPalette)
        options = screen.query_one(OptionList)
        await driver.until(lambda: options.option_count > 3, "themes")
        options._index_to_line.clear()
        await driver.press("pagedown", "pageup", "escape")
        assert driver.app._exception is None and driver.app.screen is driver.browse
