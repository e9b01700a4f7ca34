"""Sets and models have one colour each, in the table and in plots, unlike all others."""

import itertools
import math
import re
from pathlib import Path

import pytest
from rich.color import Color
from rich.color_triplet import ColorTriplet
from textual.theme import BUILTIN_THEMES

from tests.places import SAMPLE_MODELS
from tests.tui.driver import Driver, opened
from thinice_tui.plots.canvas import rich_colour
from thinice_tui.plots.style import MODEL_COLOURS, ON_DARK, ON_LIGHT, SET_COLOURS, model_style
from thinice_tui.report.html.page import ASSETS

FIVE = SAMPLE_MODELS / "standard.thinice"
THEMES = [name for name, theme in BUILTIN_THEMES.items() if not theme.ansi]
"""All but those of the terminal's own colours."""


def colours_of(driver: Driver, sign: str, rows: slice) -> set[Color | None]:
    """The colours in which the screen shows `sign`, in some of its lines."""
    strips = driver.app.screen._compositor.render_strips()[rows]
    filtered = [
        strip.apply_filter(one, driver.app.screen.background_colors[1]) for strip in strips for one in _ansi(driver)
    ]
    return {segment.style.color for strip in filtered for segment in strip if segment.style and sign in segment.text}


def _ansi(driver: Driver) -> list:  # type: ignore[type-arg]
    return [one for one in driver.app.get_line_filters() if type(one).__name__ == "ANSIToTruecolor"]


def unlike(one: ColorTriplet, other: ColorTriplet) -> float:
    """How far apart two colours look: the distance in CIELAB (CIE 1976)."""
    return math.dist(cielab(one), cielab(other))


def cielab(colour: ColorTriplet) -> tuple[float, float, float]:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("theme", THEMES)
async def test_no_two_sets_or_models_look_alike(theme: str, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        driver.app.theme = theme
        await driver.settle()
        names = [*SET_COLOURS.values(), *MODEL_COLOURS[:6]]
        drawn = [Color.parse(rich_colour(name)).get_truecolor(driver.app.ansi_theme) for name in names]
        for (one, shown), (other, shown_other) in itertools.combinations(zip(names, drawn, strict=True), 2):
            assert unlike(shown, shown_other) > 20, (one, other)


def test_the_html_report_has_the_same_colours() -> None:
    found = re.findall(r":root \{(.*?)\}", (ASSETS / "report.css").read_text(), re.DOTALL)
    for style, palette in zip(found, (ON_LIGHT, ON_DARK), strict=True):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", style))
        assert {name: colours[name.lower()] for name in SET_COLOURS} == {
            name: palette[colour] for name, colour in SET_COLOURS.items()
        }
        assert [colours[f"m{number}"] for number in range(len(MODEL_COLOURS))] == [
            palette[colour] for colour in MODEL_COLOURS
        ]


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
async def test_a_models_title_in_the_ladder_has_its_colour_in_plots(theme: str, settings_file: Path) -> None:
    async with opened(FIVE, settings_file, (140, 44)) as driver:
        driver.app.theme = theme
        await driver.press("p", "p", "p")
        await driver.drawn()
        legend = next(y for y, line in enumerate(driver.lines) if "■ dense" in line)
        for title, number in (("95%", 2), ("99%", 3), ("control", 4)):
            in_table = colours_of(driver, title, slice(3, 4))
            in_plot = colours_of(driver, f"{model_style(number)[0]} ", slice(legend, legend + 1))
            assert len(in_table) == 1 and in_table == in_plot, title


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "nord", "dracula"])
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
