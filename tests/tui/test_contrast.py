"""What pruning lost can be read with all colours, 256, 16 and none."""

import json
from pathlib import Path

import pytest
from rich.color import Color, ColorSystem
from rich.color_triplet import ColorTriplet
from rich.style import Style

from tests.tui.driver import opened
from thinice_tui.tui.contrast import LEAST, contrast, readable

SYSTEMS = {"truecolor": ColorSystem.TRUECOLOR, "256": ColorSystem.EIGHT_BIT, "standard": ColorSystem.STANDARD}
TERMINALS = {"truecolor": "xterm-256color", "256": "xterm-256color", "standard": "linux"}
XTERM_RED, XTERM_BRIGHT_RED = ColorTriplet(205, 0, 0), ColorTriplet(255, 0, 0)
BLACK, WHITE = ColorTriplet(0, 0, 0), ColorTriplet(255, 255, 255)
OWN = {"ansi-dark": (9, XTERM_BRIGHT_RED, BLACK), "ansi-light": (1, XTERM_RED, WHITE)}
"""The terminal's own colour of S10 by theme: its number, how xterm draws it, and the background it is for."""


def test_contrast_is_that_of_the_guidelines() -> None:
    grey = ColorTriplet(119, 119, 119)
    assert contrast(WHITE, BLACK) == contrast(BLACK, WHITE) == pytest.approx(21)
    assert contrast(WHITE, WHITE) == 1
    assert contrast(WHITE, grey) == pytest.approx(4.48, abs=0.005)  # a published example: #777 on white just fails


def test_a_readable_colour_stays_and_another_is_mixed_with_the_texts() -> None:
    base = Style.parse("#e0e0e0 on #121212")
    good, bad = Color.parse("#ff8080"), Color.parse("#b93c5b")
    assert readable(good, base, "truecolor") == good
    mixed = readable(bad, base, "truecolor")
    assert mixed != bad
    assert mixed.get_truecolor().red > mixed.get_truecolor().green, "it is still red"


@pytest.mark.parametrize("no_color", [False, True])
@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "nord", "ansi-dark", "ansi-light"])
@pytest.mark.parametrize("system", list(SYSTEMS))
async def test_s10_has_enough_contrast(
    system: str, theme: str, no_color: bool, run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", TERMINALS[system])
    if system != "truecolor":
        monkeypatch.delenv("COLORTERM")
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    settings_file.parent.mkdir()
    settings_file.write_text(json.dumps({"theme": theme}))
    async with opened(run_file, settings_file, (120, 40)) as driver:
        assert driver.app.console.color_system == system
        await driver.press("1")
        await driver.drawn()
        strips = driver.app.screen._compositor.render_strips()
        legend = next(y for y, line in enumerate(driver.lines) if "▼ S10 n=" in line)
        styles = [segment.style for strip in strips[5:8] for segment in strip if "▼ S10" in segment.text]
        styles += [segment.style for segment in strips[legend] if "▼" in segment.text]
        assert len(styles) == 4
        for style in styles:
            assert style is not None
            if theme.startswith("ansi") and no_color:
                assert style.color is None and style.bgcolor is None, "the terminal's own text"
            elif theme.startswith("ansi"):
                number, drawn, ground = OWN[theme]
                assert style.color is not None and style.color.number == number
                assert contrast(drawn, ground) >= LEAST
            else:
                assert style.color is not None and style.bgcolor is not None
                drawn, ground = (
                    colour.downgrade(SYSTEMS[system]).get_truecolor() for colour in (style.color, style.bgcolor)
                )
                assert contrast(drawn, ground) >= LEAST, (drawn, ground)
