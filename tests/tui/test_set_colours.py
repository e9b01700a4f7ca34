"""A set has one colour, in the table and in plots."""

from pathlib import Path

import pytest
from rich.color import Color

from tests.places import SAMPLE_MODELS
from tests.tui.driver import Driver, opened

FIVE = SAMPLE_MODELS / "standard.thinice"


def colours_of(driver: Driver, sign: str, rows: slice) -> set[Color | None]:
    """The colours in which the screen shows `sign`, in some of its lines."""
    strips = driver.app.screen._compositor.render_strips()[rows]
    filtered = [
        strip.apply_filter(one, driver.app.screen.background_colors[1]) for strip in strips for one in _ansi(driver)
    ]
    return {segment.style.color for strip in filtered for segment in strip if segment.style and sign in segment.text}


def _ansi(driver: Driver) -> list:  # type: ignore[type-arg]
    return [one for one in driver.app.get_line_filters() if type(one).__name__ == "ANSIToTruecolor"]


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
async def test_a_set_has_one_colour_in_table_and_plot(theme: str, settings_file: Path) -> None:
    async with opened(FIVE, settings_file, (140, 44)) as driver:
        driver.app.theme = theme
        await driver.press("j")
        await driver.drawn()
        assert len(_ansi(driver)) == 1
        for sign in "▼●":
            in_table = colours_of(driver, sign, slice(8, 18))
            legend = next(y for y, line in enumerate(driver.lines) if "S11 n=" in line)
            in_plot = colours_of(driver, f"{sign} ", slice(legend, legend + 1))
            assert len(in_table) == len(in_plot) == 1
            assert in_table == in_plot, sign
