"""Settings: kept, read again, and left alone where they are not understood."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests.tui.driver import opened
from thinice_tui.analysis.table import COLUMNS
from thinice_tui.tui.preferences import Preferences, load_preferences, preferences_file, save_preferences
from thinice_tui.tui.screens.dialogs import ChoiceDialog

OTHER = Preferences(
    theme="ansi-dark",
    columns=("set", "sample"),
    sort="broken_by",
    descending=True,
    margin="attacked",
    plot="ranks",
    keys={"export": "ctrl+e"},
)


def test_a_round_trip(settings_file: Path) -> None:
    assert all(getattr(OTHER, field.name) != getattr(Preferences(), field.name) for field in fields(Preferences))
    assert save_preferences(settings_file, OTHER) == ""
    assert load_preferences(settings_file) == (OTHER, "")
    assert [path.name for path in settings_file.parent.iterdir()] == ["settings.json"]


def test_without_a_file_the_defaults_apply(settings_file: Path) -> None:
    assert load_preferences(settings_file) == (Preferences(), "")


def test_they_are_kept_where_the_system_keeps_settings(tmp_path: Path) -> None:
    assert preferences_file() == tmp_path / "config" / "thinice-tui" / "settings.json"


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "3", "null", '{"theme": NaN', "\x00\xff", '"text"'])
def test_what_is_no_settings_gives_the_defaults_and_a_reason(text: str, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_bytes(text.encode("latin-1"))
    found, problem = load_preferences(settings_file)
    assert found == Preferences()
    assert str(settings_file) in problem and "left as it is" in problem


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("theme", 3),
        ("theme", None),
        ("columns", []),
        ("columns", "sample"),
        ("columns", ["sample", "nothing"]),
        ("columns", [["sample"]]),
        ("sort", "nothing"),
        ("sort", ["margin"]),
        ("descending", 1),
        ("descending", "yes"),
        ("margin", "dirty"),
        ("plot", {}),
        ("keys", ["x"]),
        ("keys", {"nothing": "x"}),
        ("keys", {"export": 1}),
        ("unheard_of", True),
    ],
)
def test_one_wrong_value_is_named_and_the_others_count(key: str, value: object, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text(json.dumps({"margin": "attacked", "sort": "set", key: value}))
    found, problem = load_preferences(settings_file)
    assert key in problem and str(settings_file) in problem
    wanted = replace(Preferences(), margin="attacked", sort="set")
    default = {name: getattr(Preferences(), name) for name in ("margin", "sort") if name == key}
    assert found == replace(wanted, **default)


def test_a_column_named_twice_is_shown_once(settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text('{"columns": ["set", "sample", "set"]}')
    assert load_preferences(settings_file)[0].columns == ("set", "sample")


def test_a_folder_that_cannot_be_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    problem = save_preferences(tmp_path / "file" / "settings.json", OTHER)
    assert "cannot be saved" in problem
    assert "not readable" in load_preferences(tmp_path)[1], "a folder where the file should be"


# in the interface


async def test_what_was_chosen_is_there_again(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("m", "s", "r", "c", "space", "enter", "P", "p")
        driver.app.theme = "nord"
        await driver.until(lambda: driver.session.preferences.theme == "nord")
    stored = json.loads(settings_file.read_text())
    assert stored == {
        "theme": "nord",
        "columns": ["label", "dense", "pruned", "margin", "set", "broken_by"],
        "sort": "set",
        "descending": True,
        "margin": "attacked",
        "plot": "flips",
        "keys": {},
    }
    async with opened(run_file, settings_file) as driver:
        view = driver.session.view
        assert (view.margin, view.sort, view.descending) == ("attacked", "set", True)
        assert driver.app.theme == "nord"
        assert driver.said == [
            "sorted by set ↓, as you left it: s and r change it; "
            "margin: the dense model's margin under attack, as you left it: m changes it"
        ]
        assert "sample" not in driver.lines[3] and "set▼" in driver.lines[3]
        await driver.press("P")
        await driver.shows("Flip rate")


async def test_looking_around_writes_no_settings(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("j", "1", "enter", "escape", "v", "escape", "/", "escape")
        assert not settings_file.exists()


@pytest.mark.parametrize("text", ["{", '{"sort": "nothing", "margin": "attacked"}', '{"new": 1}'])
async def test_a_file_that_is_not_understood_is_left_as_it_is(text: str, run_file: Path, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text(text)
    async with opened(run_file, settings_file) as driver:
        assert sum(str(settings_file) in one for one in driver.said) == 1
        before = len(driver.said)
        await driver.press("s", "m", "p")
        assert len(driver.said) == before + 1, "what m says; it is not complained again"
        assert driver.session.preferences.plot == "margins"
    assert settings_file.read_text() == text


async def test_settings_that_cannot_be_saved_are_reported_once(run_file: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    async with opened(run_file, tmp_path / "file" / "settings.json") as driver:
        await driver.press("s", "r", "s")
        assert len(driver.said) == 1 and "not readable" in driver.said[0]
        assert driver.session.view.sort != "margin", "it works all the same"


async def test_a_folder_that_becomes_unwritable_is_reported_once(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        settings_file.parent.write_text("a file now")
        await driver.press("s", "r", "s")
        assert len(driver.said) == 1 and "cannot be saved" in driver.said[0]


@pytest.mark.parametrize("theme", ["no-such-theme", "[red]x", ""])
async def test_an_unknown_theme_is_reported_and_another_can_be_chosen(
    theme: str, run_file: Path, settings_file: Path
) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text(json.dumps({"theme": theme}))
    async with opened(run_file, settings_file) as driver:
        assert len(driver.said) == 1 and f"there is no theme {theme}" in driver.said[0]
        driver.app.theme = "nord"
        await driver.until(lambda: driver.session.preferences.theme == "nord")
    assert json.loads(settings_file.read_text())["theme"] == "nord", "the choice of another mends it"


async def test_another_key_for_an_action(run_file: Path, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text('{"keys": {"export": "ctrl+e", "down": "n,down"}}')
    async with opened(run_file, settings_file) as driver:
        await driver.press("x")
        assert driver.app.screen is driver.browse, "its own key no more"
        await driver.press("n")
        assert driver.cursor == 1
        await driver.press("ctrl+e")
        assert isinstance(driver.app.screen, ChoiceDialog)


async def test_another_key_is_the_one_that_is_shown(run_file: Path, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text('{"keys": {"export": "ctrl+e"}}')
    async with opened(run_file, settings_file, (120, 60)) as driver:
        assert " x export" not in driver.lines[-1] and "^e export" in driver.lines[-1]
        await driver.press("?")
        await driver.drawn()
        (line,) = [line for line in driver.lines if "save samples, indices or images" in line]
        assert line.split()[0] == "^e"


@pytest.mark.parametrize("keys", ["", ",", "q", "[no such key]"])
async def test_a_key_that_does_not_exist_breaks_nothing(keys: str, run_file: Path, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text(json.dumps({"keys": {"export": keys}}))
    async with opened(run_file, settings_file) as driver:
        await driver.press("j", "enter", "escape")
        assert driver.cursor == 1 and driver.app._exception is None


@pytest.mark.parametrize("key", ["pruned_margin", "dense_broken_by"])
async def test_one_column_is_enough(key: str, run_file: Path, settings_file: Path) -> None:
    settings_file.parent.mkdir()
    settings_file.write_text(json.dumps({"columns": [key], "sort": key}))
    async with opened(run_file, settings_file) as driver:
        title = COLUMNS[key].title
        assert driver.said == [f"sorted by {title} ↑, as you left it: s and r change it"] * (key != "margin")
        assert f"{title}▲" in driver.lines[3]
        await driver.press("s", "S", "r")
        assert driver.session.view.sort == key and f"{COLUMNS[key].title}▼" in driver.lines[3]
