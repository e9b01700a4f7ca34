"""Terminals of ASCII, and of no colours."""

from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from tests.tui.driver import NARROW, opened
from thinice_tui.tui.filters import AsciiFilter, PlainFilter, needs_ascii

BLACK = Color(0, 0, 0)


@pytest.mark.parametrize(
    ("environment", "ascii_only"),
    [
        ({}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),  # what Python makes of it
        ({"LANG": "POSIX"}, True),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "C", "LC_ALL": "C.UTF-8"}, False),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, False),
    ],
    ids=str,
)
def test_the_locale_decides(environment: dict[str, str], ascii_only: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getencoding", lambda: "utf-8")
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert needs_ascii() == ascii_only


@pytest.mark.parametrize("encoding", ["ANSI_X3.4-1968", "ISO-8859-1", "no-such-encoding"])
def test_an_encoding_without_frames_is_ascii(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getencoding", lambda: encoding)
    assert needs_ascii()


def test_a_cell_of_an_image_becomes_a_blank_in_the_mean_of_its_colours() -> None:
    (cell,) = AsciiFilter().apply([Segment("▀▀", Style.parse("#ff0000 on #0000ff"))], BLACK)
    assert cell.text == "  " and cell.style is not None and cell.style.bgcolor is not None
    assert cell.style.bgcolor.triplet is not None and cell.style.bgcolor.triplet.hex == "#7f007f"


async def test_every_screen_is_ascii(run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thinice_tui.tui.app.needs_ascii", lambda: True)
    async with opened(run_file, settings_file, (120, 40)) as driver:
        for keys in (
            (),
            ("enter",),
            ("escape", "P"),
            ("p",),
            ("p",),
            ("escape", "v"),
            ("escape", "x"),
            ("escape", "?"),
        ):
            await driver.press(*keys)
            await driver.drawn()
            assert driver.text.isascii(), driver.text
            assert "??" not in driver.text and " ?" not in driver.text.replace("? ", ""), driver.text
        await driver.press("escape")
        assert "v S10" in driver.text and "* S11" in driver.text


async def test_no_color_with_the_terminals_own_colours_has_none(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    settings_file.parent.mkdir()
    settings_file.write_text('{"theme": "ansi-dark"}')
    async with opened(run_file, settings_file, NARROW) as driver:
        for strip in driver.app.screen._compositor.render_strips():
            for segment in strip:
                assert segment.style is None or (segment.style.color is None and segment.style.bgcolor is None)


def test_images_keep_their_greys_without_colours() -> None:
    (cell,) = PlainFilter().apply([Segment("▀", Style.parse("#ff0000 on #00ff00"))], BLACK)
    assert cell.style is not None and cell.style.color != cell.style.bgcolor
