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
from tests.tui.driving import DEADLINE, MODELS, NARROW, WIDE, Session, opened
from thinice_tui.analysis.comparison import analyse
from thinice_tui.commands.app import app as commands
from thinice_tui.errors import RunFileError
from thinice_tui.runfile.records import Role, Run
from thinice_tui.runfile.schema import VERSION
from thinice_tui.safe_io.printable import printable
from thinice_tui.tui.actions.registry import ACTIONS
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.content.plots import PLOTS
from thinice_tui.tui.widgets.slow_view import SlowView

EVIL = ["[red]x[/red]", "[@click=app.exit]", "\x1b[31mred", "a\nb", "[/][[\\["]
EVIL_MODELS: dict[str, Role] = {"dense": "dense", "[b]\x1b[1m[/b]": "pruned", "[@click=app.exit()]y[/]": "pruned"}
EVERY_VIEW = [("enter", "z"), ("P", *["p"] * (len(PLOTS) - 1)), ("v",), ("x",)]
"""Keys that show all that a run has, with a look after each."""


def assert_harmless(session: Session) -> None:
    """Nothing on the screen is a control character, and nothing has gone wrong."""
    assert session.app._exception is None and session.app.return_code is None
    assert [line for line in session.lines if not line.isprintable()] == []


async def tour(session: Session) -> None:
    """Look at every screen and come back."""
    await session.drawn()
    assert_harmless(session)
    for keys in EVERY_VIEW:
        for key in keys:
            await session.press(key)
            await session.drawn()
            assert_harmless(session)
        await back(session)


async def back(session: Session) -> None:
    """To the table, with the filter as it is."""
    while session.app.screen is not session.app.browse or session.app.focused is not session.table:
        await session.press("escape")


# names of strangers


async def test_names_are_shown_literally_and_do_nothing(tmp_path: Path, settings_file: Path) -> None:
    about: dict[str, object] = {"warnings": ["[blink]mind[/blink] \x1b[5mthis"], "device": "[u]cpu\x1b[0m"}
    write_run(tmp_path / "a.thinice", EVIL_MODELS, class_names=EVIL, more=about)
    name = printable("[b]\x1b[1m[/b]")
    async with opened(tmp_path / "a.thinice", settings_file, (140, 50)) as session:
        await session.shows("[blink]mind[/blink] �[5mthis", f"dense → {name}", "[u]cpu�[0m")
        await session.press("0")
        await session.shows(*(printable(one) for one in EVIL))
        await session.drawn()
        assert "logits" in session.text and name in session.text
        assert_harmless(session)
        for keys in [("P",), ("P", "p"), ("v",), ("enter",)]:
            await session.press(*keys)
            await session.drawn()
            await session.shows(name)
            assert_harmless(session)
            await back(session)
        await session.press("/", *"label=[", "tab")
        assert_harmless(session)


async def test_the_run_files_own_name_is_shown_literally(tmp_path: Path, settings_file: Path) -> None:
    shown = "[red]run[@click=app.exit]"
    path = tmp_path / f"{shown}\x1b[31mA\nB.thinice"
    write_run(path, MODELS)
    async with opened(path, settings_file, (120, 30)) as session:
        await session.press("e")
        await session.shows("[red]run")
        assert_harmless(session)
        await session.press("escape", "x", "enter")
        await session.shows(shown)
        assert_harmless(session)
        await session.press("enter")
        await session.says("saved")
        assert len(list(Path().glob("*.csv"))) == 1
        await session.shows("[red]run")
        assert_harmless(session)
        path.unlink()
        await session.says("no such run file")
        assert_harmless(session)
        await session.press("enter")
        await session.drawn()
        assert "no such run file" in " ".join(session.app.screen.query_one(SlowView).text.split())
        assert_harmless(session)
        await session.press("q")
        assert all(line.isprintable() for line in session.app.farewell.splitlines())


async def test_a_missing_files_name_is_shown_literally(tmp_path: Path, settings_file: Path) -> None:
    async with opened(tmp_path / "[red]a\x1b[31m.thinice", settings_file, (120, 30), ready=False) as session:
        await session.shows("[red]a")
        assert_harmless(session)


async def test_nothing_in_a_name_can_be_clicked(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "[@click=app.quit]y": "pruned"}, class_names=EVIL)
    async with opened(tmp_path / "a.thinice", settings_file, WIDE) as session:
        await session.drawn()
        found = [(line.find("[@click") + 9, y) for y, line in enumerate(session.lines) if "[@click" in line]
        assert found[0][1] == 0, "in the title, too"
        for place in found[:4]:
            await session.pilot.click(offset=place)
        await session.settle()
        assert_harmless(session)


async def test_names_of_classes_and_models_as_long_as_they_like(tmp_path: Path, settings_file: Path) -> None:
    models: dict[str, Role] = {"dense": "dense", "half" * 60: "pruned"}
    write_run(tmp_path / "a.thinice", models, n=60, class_names=[f"{i}" + "long" * 50 for i in range(5)])
    async with opened(tmp_path / "a.thinice", settings_file, (60, 20)) as session:
        await tour(session)


# odd runs


async def test_a_class_that_never_occurs(tmp_path: Path, settings_file: Path) -> None:
    labels = np.arange(60, dtype=np.int64) % 4
    write_run(tmp_path / "a.thinice", MODELS, n=60, labels=labels, class_names=["a", "b", "c", "d", "never"])
    async with opened(tmp_path / "a.thinice", settings_file) as session:
        await tour(session)
        await session.press("/", *"label=never", "enter")
        assert session.order == []
        await session.shows("no sample passes")


async def test_a_thousand_classes(tmp_path: Path, settings_file: Path) -> None:
    names = [f"species {i}, also called {i:x}" for i in range(1000)]
    write_run(tmp_path / "a.thinice", MODELS, n=300, classes=1000, class_names=names)
    async with opened(tmp_path / "a.thinice", settings_file) as session:
        await session.press("0", "s", "s")
        await tour(session)
        await session.press("/", *'label="species 17, also called 11"', "enter")
        assert session.order == [17]


async def test_names_for_some_of_the_classes_only(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, class_names=["cat", "dog"])
    async with opened(tmp_path / "a.thinice", settings_file) as session:
        await session.press("/", *"label=4", "enter")
        assert len(session.order) > 0, "numbers, for all of them"


async def test_no_flips_at_all(tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", {"dense": "dense", "same": "pruned"}, flip=False)
    async with opened(tmp_path / "a.thinice", settings_file) as session:
        await tour(session)
        await session.press("1")
        assert session.order == []
        await session.shows("no sample passes the chosen sets S10")
        await session.press("v")
        await session.drawn()
        assert "too few flips to tell" in session.app.screen.query_one(SlowView).text


@pytest.mark.parametrize("n", [0, 1, 2])
async def test_next_to_no_samples(n: int, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, n=n)
    async with opened(tmp_path / "a.thinice", settings_file) as session:
        if n == 0:
            await session.shows("this run has no samples")
        await session.press("0")
        await tour(session)


@pytest.mark.parametrize("through", [0, 1])
async def test_a_run_that_has_just_begun(through: int, tmp_path: Path, settings_file: Path) -> None:
    write_run(tmp_path / "a.thinice", MODELS, n=60, through=through)
    async with opened(tmp_path / "a.thinice", settings_file) as session:
        await tour(session)


async def test_a_run_of_which_nothing_is_known(tmp_path: Path, settings_file: Path) -> None:
    made = make_run(tmp_path / "a.thinice", MODELS)
    with made.open():
        pass  # no stage is planned yet
    async with opened(made.path, settings_file) as session:
        await tour(session)
        with made.open() as writer:
            made.begin(writer)
        await tour(session)


@pytest.mark.usefixtures("computing")
async def test_a_state_of_the_engine_that_is_not_known(tmp_path: Path, settings_file: Path) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, MODELS, through=1)
    change(path, "UPDATE heartbeat SET state = 'napping'")
    async with opened(path, settings_file) as session:
        await session.shows("napping")
        assert_harmless(session)


async def test_every_key_where_no_sample_is_shown(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        for action in ACTIONS:
            if action.name == "quit":
                continue
            for place in action.places[:1]:
                session.app.change_view(query="margin>1000")
                if place != "inspect":  # there is nothing to inspect
                    await session.go(place)
                assert session.order == []
                await session.press(action.keys.split(",")[0])
                await session.drawn()
                assert_harmless(session)
                await back(session)


# files that go


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


async def test_a_run_file_that_is_deleted_leaves_what_was_read(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        content = run_file.read_bytes()
        run_file.unlink()
        await session.says("there is no such run file")
        assert "What was read before stays in view" in session.said[0]
        await session.press("j", "1", "0", "s", "]")
        assert len(session.order) == 200
        await session.press("enter")
        await session.shows("there is no such run file")
        await session.press("escape", "P")
        await session.shows("Dense margins by set")
        await session.press("escape", "v")
        await session.shows("Samples on thin ice")
        await session.press("escape")
        assert sum("there is no such run file" in one for one in session.said) == 1, "it is said once"
        run_file.write_bytes(content)
        await session.press("enter")
        await session.shows("logits")


async def test_another_run_in_its_place_is_not_mixed_with_it(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        write_run(run_file.with_name("other.thinice"), {"dense": "dense", "other": "pruned"}, n=20, seed=5)
        shutil.move(run_file.with_name("other.thinice"), run_file)
        await session.says("another run has taken its place")
        assert len(session.app.run_now.labels if session.app.run_now else []) == 200


async def test_a_file_that_is_damaged_while_it_is_looked_at(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        run_file.write_bytes(b"nothing of the kind" * 1000)
        await session.says("What was read before stays in view")
        await tour(session)


@pytest.mark.parametrize("version", [VERSION + 1, 99])
def test_a_run_file_of_a_newer_version_is_refused(version: int, run_file: Path) -> None:
    change(run_file, f"PRAGMA user_version = {version}")
    result = CliRunner().invoke(commands, ["open", str(run_file)])
    said = " ".join(result.stderr.split())
    assert result.exit_code == 1 and result.stdout == ""
    assert "written by a newer thinice-tui" in said and "upgrade thinice-tui" in said and "Traceback" not in said


async def test_what_is_read_while_the_view_is_taken_down_is_nothing(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as session:
        run, rows, analysis = session.app.run_now, session.app.rows, session.app.analysis
        assert run is not None and rows is not None and analysis is not None
        await session.app.browse.query("*").remove()
        session.app.post_message(ThiniceApp.Analysed(analysis, None))
        session.app.post_message(ThiniceApp.RunRead(run, False, rows))
        session.app.post_message(ThiniceApp.RunUnreadable(RunFileError("gone", "look")))
        await session.settle()
        assert session.app._exception is None


async def test_a_run_is_not_spelled_out_while_keys_wait(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a thousand samples that takes as long as a key may take to be seen."""
    spelled: list[Run] = []

    def spell(run: Run) -> str:
        spelled.append(run)
        return "a run"

    monkeypatch.setattr(Run, "__repr__", spell)
    async with opened(run_file, settings_file) as session:
        await session.press("j", "s", "enter", "escape", "v", "escape", "P")
        await session.drawn()
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
    async with opened(unfinished, settings_file, size) as session:
        exits: list[object] = []
        session.app.exit = lambda *given, **_: exits.append(given)  # type: ignore[method-assign]
        pressed = []
        for _ in range(100):
            key = chance.choice(keys)
            pressed.append(key)
            await session.press(*(key if key == "margin<1" else [key]))
            assert session.app._exception is None, pressed
        for _ in range(len(session.app.screen_stack) + 2):
            await session.press("escape")
        await session.drawn()
        assert session.app.screen is session.app.browse, pressed
        assert_harmless(session)


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
        view.say("nothing to draw")
        while "nothing" not in view.text:
            await pilot.pause(0.01)
        may_end.set()
        await pilot.pause(0.2)
        assert view.text.strip() == "nothing to draw"


async def test_what_threads_find_while_it_ends_is_let_go(run_file: Path, settings_file: Path) -> None:
    """A reading that arrives when the screens are gone already."""
    async with opened(run_file, settings_file) as session:
        app, run = session.app, session.app.run_now
        assert run is not None and app.rows is not None and app.is_open
        late = ThiniceApp.RunRead(run, False, app.rows), ThiniceApp.RunUnreadable(RunFileError("gone", "look"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ThiniceApp, "screen_stack", property(lambda _: []))
            assert not app.is_open
            app.on_thinice_app_run_read(late[0])
            app.on_thinice_app_run_unreadable(late[1])
            app.on_thinice_app_analysed(ThiniceApp.Analysed(analyse(run), app._analysed))
        assert app.is_open
