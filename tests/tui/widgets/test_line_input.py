"""Text that is pasted from several lines."""

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from tests.tui.driver import opened


@pytest.mark.parametrize(
    ("pasted", "line"),
    [
        ("set=S10", "set=S10"),
        ("set=S10\nmargin<1\r\n\r\n  label=class1\n", "set=S10 margin<1 label=class1"),
        ("\n", ""),
    ],
)
async def test_a_paste_of_several_lines_is_one_line(
    pasted: str, line: str, run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("/")
        driver.app.post_message(events.Paste(pasted))
        await driver.settle()
        assert driver.app.screen.query_one(Input).value == line
        await driver.press("escape", "x", "enter")
        driver.app.post_message(events.Paste(pasted))
        await driver.settle()
        assert driver.app.screen.query_one(Input).value.endswith(line)
