"""The command palette."""

from functools import partial
from pathlib import Path

from textual.command import CommandPalette
from textual.widgets import OptionList

from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import opened
from thinice_tui.tui.action_registry import actions_in


def has_options(options: OptionList, count: int) -> bool:
    return options.option_count == count


@of_actions("palette")
async def test_palette(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            commands = list(driver.app.get_system_commands(driver.app.screen))
            wanted = {f"{a.title[0].upper()}{a.title[1:]}": a for a in actions_in(do.place) if a.name != "palette"}
            assert {command.title for command in commands} == {*wanted, "Theme"}
            for command in commands[:-1]:
                assert command.help == f"{wanted[command.title].meaning} ({wanted[command.title].shown})"
            await driver.press(do.key)
            assert isinstance(driver.app.screen, CommandPalette)
            options = driver.app.screen.query_one(OptionList)
            await driver.until(partial(has_options, options, len(commands)), "every command")

    async with opened(run_file, settings_file) as driver:
        await driver.press(cases[0].key)
        options = driver.app.screen.query_one(OptionList)
        await driver.press(*"Screensh")
        await driver.until(partial(has_options, options, 1), "the command that matches")
        await driver.press("enter")
        await driver.until(Path("thinice-screen.svg").exists, "the command's effect")

    async with opened(run_file, settings_file) as driver:
        await driver.press(cases[0].key)
        options = driver.app.screen.query_one(OptionList)
        await driver.until(lambda: options.option_count > 5, "commands")
        options._index_to_line.clear()  # as while the list fills
        await driver.press("pagedown", "pageup", "escape")
        assert driver.app._exception is None and driver.app.screen is driver.browse
