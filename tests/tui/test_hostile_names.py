"""Names from strangers are shown literally and do nothing."""

from pathlib import Path

from tests.fake_runs import write_run
from tests.tui.driver import MODELS, WIDE, opened
from tests.tui.tour import assert_harmless, tour
from thinice_tui.runfile.records import Role
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.widgets.slow_view import SlowView

EVIL = ["[red]x[/red]", "[@click=app.exit]", "\x1b[31mred", "a\nb", "[/][[\\["]


EVIL_MODELS: dict[str, Role] = {"dense": "dense", "[b]\x1b[1m[/b]": "pruned", "[@click=app.exit()]y[/]": "pruned"}


async def test_names_are_shown_literally_and_do_nothing(tmp_path: Path, settings_file: Path) -> None:
    about: dict[str, object] = {"warnings": ["[blink]mind[/blink] \x1b[5mthis"], "device": "[u]cpu\x1b[0m"}
    write_run(tmp_path / "a.thinice", EVIL_MODELS, class_names=EVIL, more=about)
    name = printable("[b]\x1b[1m[/b]")
    async with opened(tmp_path / "a.thinice", settings_file, (140, 50)) as driver:
        await driver.shows("[blink]mind[/blink] �[5mthis", f"dense → {name}", "[u]cpu�[0m")
        await driver.press("0")
        await driver.shows(*(printable(one) for one in EVIL))
        await driver.drawn()
        assert "logits" in driver.text and name in driver.text
        assert_harmless(driver)
        for keys in [("P",), ("P", "p"), ("v",), ("enter",)]:
            await driver.press(*keys)
            await driver.drawn()
            await driver.shows(name)
            assert_harmless(driver)
            await driver.back()
        await driver.press("/", *"label=[", "tab")
        assert_harmless(driver)


async def test_the_run_files_own_name_is_shown_literally(tmp_path: Path, settings_file: Path) -> None:
    shown = "[red]run[@click=app.exit]"
    path = tmp_path / f"{shown}\x1b[31mA\nB.thinice"
    write_run(path, MODELS)
    async with opened(path, settings_file, (120, 30)) as driver:
        await driver.press("e")
        await driver.shows("[red]run")
        assert_harmless(driver)
        await driver.press("escape", "x", "enter")
        await driver.shows(shown)
        assert_harmless(driver)
        await driver.press("enter")
        await driver.says("saved")
        assert len(list(Path().glob("*.csv"))) == 1
        await driver.shows("[red]run")
        assert_harmless(driver)
        path.unlink()
        await driver.says("no such run file")
        assert_harmless(driver)
        await driver.press("enter")
        await driver.drawn()
        assert "no such run file" in " ".join(driver.app.screen.query_one(SlowView).text.split())
        assert_harmless(driver)
        await driver.press("q")
        assert all(line.isprintable() for line in driver.app.exit_message.splitlines())


async def test_a_missing_files_name_is_shown_literally(tmp_path: Path, settings_file: Path) -> None:
    async with opened(tmp_path / "[red]a\x1b[31m.thinice", settings_file, (120, 30), ready=False) as driver:
        await driver.shows("[red]a")
        assert_harmless(driver)


async def test_nothing_in_a_name_can_be_clicked(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "[@click=app.quit]y": "pruned"}, class_names=EVIL)
    async with opened(tmp_path / "a.thinice", settings_file, WIDE) as driver:
        await driver.drawn()
        found = [(line.find("[@click") + 9, y) for y, line in enumerate(driver.lines) if "[@click" in line]
        assert found[0][1] == 0, "in the title, too"
        for place in found[:4]:
            await driver.pilot.click(offset=place)
        await driver.settle()
        assert_harmless(driver)


async def test_names_of_classes_and_models_as_long_as_they_like(tmp_path: Path, settings_file: Path) -> None:
    models: dict[str, Role] = {"dense": "dense", "half" * 60: "pruned"}
    write_run(tmp_path / "a.thinice", models, n=60, class_names=[f"{i}" + "long" * 50 for i in range(5)])
    async with opened(tmp_path / "a.thinice", settings_file, (60, 20)) as driver:
        await tour(driver)
