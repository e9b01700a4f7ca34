"""What the interface outlives: hostile names, odd runs, files that go, and any keys in any order."""

import random
import shutil
import sqlite3
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from typer.testing import CliRunner

from tests.fake_runs import make_run, write_run
from tests.tui.driver import DEADLINE, MODELS, NARROW, WIDE, Driver, opened
from thinice_tui.analysis.comparison import analyse
from thinice_tui.commands.app import app as commands
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.records import Role, Run
from thinice_tui.runfile.schema import VERSION
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.actions.registry import ACTIONS
from thinice_tui.tui.background import Background
from thinice_tui.tui.content.plots import PLOTS
from thinice_tui.tui.run_follower import Reading
from thinice_tui.tui.widgets.slow_view import SlowView

EVIL = ["[red]x[/red]", "[@click=app.exit]", "\x1b[31mred", "a\nb", "[/][[\\["]
EVIL_MODELS: dict[str, Role] = {"dense": "dense", "[b]\x1b[1m[/b]": "pruned", "[@click=app.exit()]y[/]": "pruned"}
EVERY_VIEW = [("enter", "z"), ("P", *["p"] * (len(PLOTS) - 1)), ("v",), ("x",)]
"""Keys that show all that a run has, with a look after each."""


def assert_harmless(driver: Driver) -> None:
    """Nothing on the screen is a control character, and nothing has gone wrong."""
    assert driver.app._exception is None and driver.app.return_code is None
    assert [line for line in driver.lines if not line.isprintable()] == []


async def tour(driver: Driver) -> None:
    """Look at every screen and come back."""
    await driver.drawn()
    assert_harmless(driver)
    for keys in EVERY_VIEW:
        for key in keys:
            await driver.press(key)
            await driver.drawn()
            assert_harmless(driver)
        await back(driver)


async def back(driver: Driver) -> None:
    """To the table, with the filter as it is."""
    while driver.app.screen is not driver.browse or driver.app.focused is not driver.table:
        await driver.press("escape")


# names of strangers


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
            await back(driver)
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


# odd runs


async def test_a_class_that_never_occurs(tmp_path: Path, settings_file: Path) -> None:
    labels = np.arange(60, dtype=np.int64) % 4
    write_run(tmp_path / "a.thinice", MODELS, n=60, labels=labels, class_names=["a", "b", "c", "d", "never"])
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await tour(driver)
        await driver.press("/", *"label=never", "enter")
        assert driver.order == []
        await driver.shows("no sample passes")


async def test_a_thousand_classes(tmp_path: Path, settings_file: Path) -> None:
    names = [f"species {i}, also called {i:x}" for i in range(1000)]
    write_run(tmp_path / "a.thinice", MODELS, n=300, classes=1000, class_names=names)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await driver.press("0", "s", "s")
        await tour(driver)
        await driver.press("/", *'label="species 17, also called 11"', "enter")
        assert driver.order == [17]


async def test_names_for_some_of_the_classes_only(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, class_names=["cat", "dog"])
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await driver.press("/", *"label=4", "enter")
        assert len(driver.order) > 0, "numbers, for all of them"


async def test_no_flips_at_all(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "same": "pruned"}, flip=False)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await tour(driver)
        await driver.press("1")
        assert driver.order == []
        await driver.shows("no sample passes the chosen sets S10")
        await driver.press("v")
        await driver.drawn()
        assert "too few flips to tell" in driver.app.screen.query_one(SlowView).text


@pytest.mark.parametrize("n", [0, 1, 2])
async def test_next_to_no_samples(n: int, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, n=n)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        if n == 0:
            await driver.shows("this run has no samples")
        await driver.press("0")
        await tour(driver)


@pytest.mark.parametrize("through", [0, 1])
async def test_a_run_that_has_just_begun(through: int, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, n=60, through=through)
    async with opened(tmp_path / "a.thinice", settings_file) as driver:
        await tour(driver)


async def test_a_run_of_which_nothing_is_known(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", MODELS)
    with made.open():
        pass  # no stage is planned yet
    async with opened(made.path, settings_file) as driver:
        await tour(driver)
        with made.open() as writer:
            made.begin(writer)
        await tour(driver)


@pytest.mark.usefixtures("computing")
async def test_a_state_of_the_engine_that_is_not_known(tmp_path: Path, settings_file: Path) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, MODELS, through=1)
    change(path, "UPDATE heartbeat SET state = 'napping'")
    async with opened(path, settings_file) as driver:
        await driver.shows("napping")
        assert_harmless(driver)


async def test_every_key_where_no_sample_is_shown(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        for action in ACTIONS:
            if action.name == "quit":
                continue
            for place in action.places[:1]:
                driver.session.change_view(query="margin>1000")
                if place != "inspect":  # there is nothing to inspect
                    await driver.go(place)
                assert driver.order == []
                await driver.press(action.keys.split(",")[0])
                await driver.drawn()
                assert_harmless(driver)
                await back(driver)


# files that go


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


async def test_a_run_file_that_is_deleted_leaves_what_was_read(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        content = run_file.read_bytes()
        run_file.unlink()
        await driver.says("there is no such run file")
        assert "What was read before stays in view" in driver.said[0]
        await driver.press("j", "1", "0", "s", "]")
        assert len(driver.order) == 200
        await driver.press("enter")
        await driver.shows("there is no such run file")
        await driver.press("escape", "P")
        await driver.shows("Dense margins by set")
        await driver.press("escape", "v")
        await driver.shows("Samples on thin ice")
        await driver.press("escape")
        assert sum("there is no such run file" in one for one in driver.said) == 1, "it is said once"
        run_file.write_bytes(content)
        await driver.press("enter")
        await driver.shows("logits")


async def test_another_run_in_its_place_is_not_mixed_with_it(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        write_run(run_file.with_name("other.thinice"), {"dense": "dense", "other": "pruned"}, n=20, seed=5)
        shutil.move(run_file.with_name("other.thinice"), run_file)
        await driver.says("another run has taken its place")
        assert len(driver.session.run.labels if driver.session.run else []) == 200


async def test_a_file_that_is_damaged_while_it_is_looked_at(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        run_file.write_bytes(b"nothing of the kind" * 1000)
        await driver.says("What was read before stays in view")
        await tour(driver)


@pytest.mark.parametrize("version", [VERSION + 1, 99])
def test_a_run_file_of_a_newer_version_is_refused(version: int, run_file: Path) -> None:
    change(run_file, f"PRAGMA user_version = {version}")
    result = CliRunner().invoke(commands, ["open", str(run_file)])
    said = " ".join(result.stderr.split())
    assert result.exit_code == 1 and result.stdout == ""
    assert "written by a newer thinice-tui" in said and "upgrade thinice-tui" in said and "Traceback" not in said


async def test_what_is_read_while_the_view_is_taken_down_is_nothing(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        run, rows, analysis = driver.session.run, driver.session.rows, driver.session.analysis
        assert run is not None and rows is not None and analysis is not None
        await driver.browse.query("*").remove()
        driver.session.analysed(analysis, driver.session._analysis_key)
        driver.session.run_read(Reading(run, False, rows))
        driver.session.run_unreadable(RunFileError("gone", "look"))
        await driver.settle()
        assert driver.app._exception is None


async def test_a_run_is_not_spelled_out_while_keys_wait(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a thousand samples that takes as long as a key may take to be seen."""
    spelled: list[Run] = []

    def spell(run: Run) -> str:
        spelled.append(run)
        return "a run"

    monkeypatch.setattr(Run, "__repr__", spell)
    async with opened(run_file, settings_file) as driver:
        await driver.press("j", "s", "enter", "escape", "v", "escape", "P")
        await driver.drawn()
    assert not spelled


# any keys


@pytest.mark.usefixtures("computing")
@pytest.mark.parametrize(("seed", "size"), [(1, NARROW), (2, WIDE), (3, NARROW)])
async def test_any_keys_in_any_order(
    seed: int, size: tuple[int, int], unfinished: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thinice_tui.tui.widgets.slow_view.DELAY", 0.03)  # so that not every press draws
    chance = random.Random(seed)
    keys = [key for action in ACTIONS for key in action.keys.split(",")]
    keys += [*keys, "escape", "escape", "escape", "escape", "enter", "tab", "up", "down", "m", "margin<1"]
    async with opened(unfinished, settings_file, size) as driver:
        exits: list[object] = []
        driver.app.exit = lambda *given, **_: exits.append(given)  # type: ignore[method-assign]
        pressed = []
        for _ in range(100):
            key = chance.choice(keys)
            pressed.append(key)
            await driver.press(*(key if key == "margin<1" else [key]))
            assert driver.app._exception is None, pressed
        for _ in range(len(driver.app.screen_stack) + 2):
            await driver.press("escape")
        await driver.drawn()
        assert driver.app.screen is driver.browse, pressed
        assert_harmless(driver)


# drawings that take long


class Slow(App[None]):
    def compose(self) -> ComposeResult:
        yield SlowView(id="view")


async def test_a_drawing_that_comes_late_does_not_replace_a_newer_one() -> None:
    app = Slow()
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def late(_width: int, _height: int) -> Text:
        begun.set()
        may_end.wait(DEADLINE)
        ended.set()
        return Text("late")

    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(SlowView)
        view.draw("late", late)
        while not begun.is_set():
            await pilot.pause(0.01)
        view.draw("new", lambda _width, _height: Text("new"))
        while "new" not in view.text:
            await pilot.pause(0.01)
        may_end.set()
        while not ended.is_set():
            await pilot.pause(0.01)
        await pilot.pause(0.2)
        assert view.text.strip() == "new"


async def test_drawings_that_take_longer_than_changes_come_are_seen() -> None:
    app = Slow()

    def slow(number: int, _width: int, _height: int) -> Text:
        time.sleep(0.1)
        return Text(f"drawn {number}")

    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(SlowView)
        seen = set()
        for number in range(16):
            view.draw(number, partial(slow, number))
            await pilot.pause(0.05)
            seen.add(view.text.strip())
        assert len(seen - {""}) >= 2, "a run that grows all the time is seen, too"


async def test_a_defect_in_a_drawing_is_not_swallowed() -> None:
    app = Slow()

    def broken(_width: int, _height: int) -> Text:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        async with app.run_test(size=(40, 10)) as pilot:
            app.query_one(SlowView).draw("broken", broken)
            await pilot.pause(0.5)


async def test_a_sentence_is_not_replaced_by_a_drawing_that_comes_late() -> None:
    app = Slow()
    begun, may_end = threading.Event(), threading.Event()

    def late(_width: int, _height: int) -> Text:
        begun.set()
        may_end.wait(DEADLINE)
        return Text("late")

    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(SlowView)
        view.draw("late", late)
        while not begun.is_set():
            await pilot.pause(0.01)
        view.show_sentence("nothing to draw")
        while "nothing" not in view.text:
            await pilot.pause(0.01)
        may_end.set()
        await pilot.pause(0.2)
        assert view.text.strip() == "nothing to draw"


async def test_results_of_threads_are_dropped_once_the_interface_has_ended(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        session, run, called = driver.session, driver.session.run, list[str]()
        assert run is not None and session.rows is not None
    background = Background(driver.app.call_later)
    background.deliver(called.append, "late")
    session.run_read(Reading(run, False, session.rows))
    session.run_unreadable(RunFileError("gone", "look"))
    session.analysed(analyse(run), session._analysis_key)
    assert not called and driver.app._exception is None
