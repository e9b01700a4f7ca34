"""Asking, leaving, losing and resuming an engine; the engine itself is pretended."""

import asyncio
import os
import platform
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from textual.pilot import Pilot

from tests.engine.test_run import StopAfter, run_it
from tests.engine.test_run import request as quick
from tests.fake_runs import write_run
from tests.linear_models import WAITING, Files
from tests.tui.driver import MODELS, Driver, listen, opened
from thinice_tui.errors import EXIT_ERROR, EXIT_INTERRUPTED, RunFileError, ThiniceError
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.control import engine_process
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import EngineRecord, Heartbeat, Run
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.engine_process import Announcement, tail
from thinice_tui.tui.run_follower import Reading
from thinice_tui.tui.screens.dialogs import ChoiceDialog
from thinice_tui.tui.session import Session

BEAT = Heartbeat(0.0, "running", "half · APGD-T", 5, 10, 100.0, 30.0)


class Engine:
    """The engine as the run file shows it: whether it lives, and its state."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lives = True
        self.beat = BEAT
        self.log: str | None = None
        self.pid = 1
        monkeypatch.setattr("thinice_tui.tui.run_follower.is_computing", lambda run: self.lives and not run.complete)
        run_read = Session.run_read

        def changed(session: Session, reading: Reading) -> None:
            record = EngineRecord(self.pid, 0.0, platform.node(), self.log)
            run_read(session, replace(reading, run=replace(reading.run, heartbeat=self.beat, engine=record)))

        monkeypatch.setattr(Session, "run_read", changed)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine(monkeypatch)


@pytest.fixture
def request_(unfinished: Path, tmp_path: Path) -> Request:
    settings = Settings.build("Linf", None, "standard")
    paths = Path("dense.pt"), (Path("[red]half[/red].pt"),)
    return Request(*paths, None, None, None, "auto", "auto", "cpu", settings, unfinished, tmp_path)


def control(run: Path) -> str:
    return run.with_name(f"{run.name}.control").read_text()


# asking


async def test_a_paused_run_goes_on(unfinished: Path, settings_file: Path, engine: Engine) -> None:
    engine.beat = replace(BEAT, state="paused")
    async with opened(unfinished, settings_file) as driver:
        await driver.shows("paused")
        await driver.press("space")
        assert control(unfinished) == "run" and driver.said == ["going on"]
        await driver.press("e")
        await driver.shows("It is paused", "Go on")
        await driver.press("enter")
        assert control(unfinished) == "run" and driver.said == ["going on"] * 2


@pytest.mark.usefixtures("engine")
async def test_an_engine_that_cannot_be_asked_is_said_so(
    unfinished: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, wish: str) -> None:
        raise RunFileError(f"{path.name}: no {wish}", "it goes on")

    monkeypatch.setattr("thinice_tui.tui.actions.engine.ask", refuse)
    async with opened(unfinished, settings_file) as driver:
        await driver.press("space")
        assert driver.said == ["going.thinice: no pause; it goes on"]
        await driver.press("e", "down", "enter")
        assert driver.said[1:] == ["going.thinice: no stop; it goes on"]
        await driver.press("q", "down", "enter")
        assert driver.said[2:] == ["going.thinice: no stop; it goes on"]
        assert driver.app.return_code is None, "and the view stays"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("refused", [False, True])
async def test_killing(refused: bool, unfinished: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[Run] = []

    def kill(run: Run) -> None:
        if refused:
            raise RunFileError("it runs elsewhere", "stop it there")
        killed.append(run)

    monkeypatch.setattr("thinice_tui.tui.actions.engine.kill", kill)
    async with opened(unfinished, settings_file) as driver:
        await driver.press("e", "down", "down", "enter")
        assert (driver.said == ["it runs elsewhere; stop it there"]) == refused
        assert len(killed) == (not refused)


async def test_the_engines_log_is_shown(unfinished: Path, settings_file: Path, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("first\n\x1b[31m[red]last[/red]\n")
    engine.log = str(tmp_path / "log")
    async with opened(unfinished, settings_file, (100, 40)) as driver:
        await driver.press("e")
        await driver.shows("first", "[red]last[/red]", f"Process 1 on {platform.node()}", str(tmp_path / "log"))
        assert "\x1b" not in driver.text


# losing


def test_a_log_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A stranger's run file may name anything."""
    os.mkfifo(tmp_path / "log")
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(tail(tmp_path / "log")), daemon=True)
    reader.start()
    reader.join(1)
    waited = reader.is_alive()
    if waited:
        os.close(os.open(tmp_path / "log", os.O_RDWR | os.O_NONBLOCK))  # let the thread end
    assert not waited and found == [""]


async def test_an_engine_that_is_gone_is_said_with_its_last_messages(
    unfinished: Path, settings_file: Path, engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("out of memory\n")
    engine.log = str(tmp_path / "log")
    async with opened(unfinished, settings_file) as driver:
        await driver.press("j")
        engine.lives = False
        await driver.until(lambda: isinstance(driver.app.screen, ChoiceDialog))
        await driver.shows("The engine has ended", "gone without finishing", "out of memory", "Resume the run")
        await driver.press("enter")
        await driver.shows("stopped: what was computed is kept")
        assert driver.cursor == 1


async def test_an_engine_that_stops_as_asked_is_no_accident(
    unfinished: Path, settings_file: Path, engine: Engine
) -> None:
    engine.beat = replace(BEAT, state="stopping")
    async with opened(unfinished, settings_file) as driver:
        await driver.shows("stopping after this batch")
        engine.lives = False
        await driver.says("The engine has stopped; everything up to its last batch is kept")
        assert driver.app.screen is driver.browse


async def test_an_engine_that_ends_while_it_starts_is_a_word_to_those_who_did_not_start_it(
    unfinished: Path, settings_file: Path, engine: Engine
) -> None:
    engine.beat = replace(BEAT, state="starting", doing="dense · gradients")
    async with opened(unfinished, settings_file) as driver:
        await driver.shows("… the engine starts: dense · gradients")
        engine.lives = False
        await driver.says("The engine that was starting has ended")
        await driver.shows("stopped: what was computed is kept")
        assert driver.app.screen is driver.browse


async def test_an_engine_that_is_refused_is_not_taken_for_the_one_that_the_file_names_again(
    unfinished: Path, settings_file: Path, engine: Engine
) -> None:
    """Where the file holds another run it is put back as it was, with an engine that died long ago."""
    engine.beat, engine.pid = replace(BEAT, state="starting", doing="reading models and data"), 2
    async with opened(unfinished, settings_file) as driver:
        await driver.shows("… the engine starts: reading models and data")
        engine.beat, engine.pid, engine.lives = BEAT, 1, False
        await driver.says("The engine that was starting has ended")
        await driver.shows("stopped: what was computed is kept")
        assert driver.app.screen is driver.browse


# leaving


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("keys", "code", "exit_message"),
    [
        ([], 0, "the attack goes on in the background"),
        (["down"], 0, "the attack stops after this batch"),
        (["down", "down"], None, ""),
    ],
)
async def test_leaving_a_running_attack_asks(
    keys: list[str], code: int | None, exit_message: str, unfinished: Path, settings_file: Path
) -> None:
    async with opened(unfinished, settings_file) as driver:
        await driver.press("q")
        await driver.shows("An attack is running", "Keep it running", "Stop it after this batch", "Go back")
        await driver.press(*keys, "enter")
        assert driver.app.return_value == code
        assert driver.app.exit_message.startswith(exit_message)
        assert (f"thinice-tui open {unfinished}" in driver.app.exit_message) == (code is not None)
        assert unfinished.with_name("going.thinice.control").exists() == (keys == ["down"])


class FakeProcess:
    """An engine's process that ends when it is let to, or after `HANGS` seconds."""

    HANGS = 3.0
    pid = 1  # as Engine says of itself
    started: ClassVar[list[Request]]
    announced: Announcement | None
    code = 0
    words = ""
    may_end: threading.Event

    def __init__(self, request: Request) -> None:
        type(self).started.append(request)

    def announcement(self) -> Announcement | None:
        return type(self).announced

    def wait(self) -> int:
        type(self).may_end.wait(type(self).HANGS)
        return type(self).code

    def last_messages(self) -> str:
        return type(self).words

    def kill(self) -> None:
        type(self).code = -9
        type(self).may_end.set()


@pytest.fixture
def process(unfinished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeProcess]]:
    class Fake(FakeProcess):
        started: ClassVar[list[Request]] = []
        announced = Announcement(unfinished, tmp_path / "log")
        may_end = threading.Event()

    monkeypatch.setattr("thinice_tui.tui.local_engine.EngineProcess", Fake)
    yield Fake
    Fake.may_end.set()


def leave(app: ThiniceApp, *keys: str) -> float:
    """Run `app` as a terminal would and press `keys` once it shows a run; seconds from the last key to the end."""
    pressed = 0.0

    async def press(pilot: Pilot[object]) -> None:
        nonlocal pressed
        while app.session.rows is None:
            await asyncio.sleep(0.01)
        await pilot.press(*keys)
        pressed = time.monotonic()

    assert app.run(headless=True, size=(80, 24), auto_pilot=press) == 0
    return time.monotonic() - pressed


@pytest.mark.usefixtures("engine", "process")
def test_leaving_a_running_engine_ends_the_view_at_once(request_: Request, settings_file: Path) -> None:
    app = ThiniceApp(request=request_, settings_file=settings_file)
    assert leave(app, "q", "enter") < FakeProcess.HANGS / 2


def test_leaving_does_not_wait_for_the_next_look_at_the_run_file(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thinice_tui.tui.run_follower.POLL", 3.0)  # as after a look at a large run
    assert leave(ThiniceApp(path=run_file, settings_file=settings_file), "q") < 1.5


def test_leaving_does_not_wait_for_statistics(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = threading.Event()
    monkeypatch.setattr("thinice_tui.tui.session.analyse", lambda _: ends.wait(3.0))  # as those of a large run
    assert leave(ThiniceApp(path=run_file, settings_file=settings_file), "q") < 1.5
    ends.set()


# starting, and resuming


async def test_an_engine_is_started_and_its_run_followed(
    request_: Request, settings_file: Path, engine: Engine, process: type[FakeProcess]
) -> None:
    app = ThiniceApp(request=request_, settings_file=settings_file)
    said = listen(app)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot, said)
        await driver.until(lambda: app.session.analysis is not None)
        assert process.started == [request_] and app.session.path == request_.run
        process.code = EXIT_INTERRUPTED
        engine.beat = replace(BEAT, state="stopping")
        process.may_end.set()
        await driver.says("The engine has stopped; everything up to its last batch is kept")
        engine.lives = False
        await driver.shows("stopped: what was computed is kept")
        assert len(said) == 1, "said once, whether the process or its run file is looked at"


@pytest.mark.parametrize(
    ("code", "words", "shown"),
    [(1, "disk full", ["exit code 1", "disk full"]), (-9, "", ["SIGKILL", "memory runs out"])],
)
async def test_an_engine_that_fails_is_explained(
    code: int,
    words: str,
    shown: list[str],
    request_: Request,
    settings_file: Path,
    engine: Engine,
    process: type[FakeProcess],
) -> None:
    app = ThiniceApp(request=request_, settings_file=settings_file)
    said = listen(app)
    async with app.run_test(size=(80, 30)) as pilot:
        driver = Driver(app, pilot, said)
        await driver.until(lambda: app.session.analysis is not None)
        process.code, process.words = code, words
        engine.lives = False
        process.may_end.set()
        await driver.until(lambda: isinstance(app.screen, ChoiceDialog))
        await driver.until(lambda: not app.session.is_computing, "what the run file says of it")
        dialogs = [screen for screen in app.screen_stack if isinstance(screen, ChoiceDialog)]
        assert len(dialogs) == 1, "said once, whether the process or its run file is looked at"
        await driver.shows("The engine has ended", "What it computed is kept", *shown, "Resume the run")
        process.may_end.clear()
        await driver.press("down", "enter")
        await driver.until(lambda: len(process.started) == 2, "a second engine")
        assert process.started[1].run == request_.run


async def test_an_engine_that_has_just_ended_can_be_resumed_at_once(
    request_: Request, settings_file: Path, engine: Engine, process: type[FakeProcess]
) -> None:
    """The run file was read last while that engine lived."""
    app = ThiniceApp(request=request_, settings_file=settings_file)
    said = listen(app)
    async with app.run_test(size=(80, 30)) as pilot:
        driver = Driver(app, pilot, said)
        await driver.until(lambda: app.session.analysis is not None)
        assert engine.lives and app.session.is_computing
        process.code = 1
        process.may_end.set()
        await driver.shows("The engine has ended")
        engine.beat = replace(BEAT, state="starting")  # what such a reading still says
        await driver.press("escape", "e")
        await driver.shows("It is stopped.", "Resume the run")
        assert engine.lives and not app.session.is_computing


async def test_an_engine_that_never_begins_ends_the_view_with_its_words(
    request_: Request, settings_file: Path, process: type[FakeProcess]
) -> None:
    process.announced, process.code, process.words = None, 1, "error: no such file"
    process.may_end.set()
    app = ThiniceApp(request=request_, settings_file=settings_file)
    async with app.run_test(size=(80, 24)) as pilot:
        await Driver(app, pilot, []).until(lambda: app.return_code is not None)
    assert (app.return_value, app.exit_message) == (EXIT_ERROR, "error: no such file")


async def test_a_system_that_refuses_the_engine_ends_the_view(
    request_: Request, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Request) -> None:
        raise ThiniceError("the engine cannot be started", "is the folder still there?")

    monkeypatch.setattr("thinice_tui.tui.local_engine.EngineProcess", refuse)
    app = ThiniceApp(request=request_, settings_file=settings_file)
    async with app.run_test(size=(80, 24)) as pilot:
        await Driver(app, pilot, []).until(lambda: app.return_code is not None)
    assert app.return_value == EXIT_ERROR and "the engine cannot be started" in app.exit_message


async def test_a_strangers_run_is_resumed_only_after_its_command_was_seen(
    tmp_path: Path, settings_file: Path, request_: Request, process: type[FakeProcess]
) -> None:
    path = tmp_path / "strange.thinice"
    write_run(path, MODELS, through=1, more={"request": request_.as_dict()})
    async with opened(path, settings_file) as driver:
        resume = ("down", "down", "down", "enter")
        await driver.press("e")
        await driver.shows("The engine", "Resume the run")
        await driver.press(*resume)
        await driver.shows("Resume the run?", "thinice-tui compare dense.pt '[red]half[/red].pt'")
        await driver.press("down", "enter")
        assert process.started == [] and driver.app.screen is driver.browse
        await driver.press("e")
        await driver.shows("The engine", "Resume the run")
        await driver.press(*resume)
        await driver.shows("Resume the run?")
        await driver.press("enter")
        await driver.until(lambda: process.started)
        assert process.started == [request_.at(path)]
        process.may_end.set()


RESUME = ("e", "down", "down", "down", "enter", "enter")
"""Keys that resume a run which is not computed, and say yes to its command."""


async def test_until_the_run_file_names_it_an_engine_that_was_started_is_starting(
    tmp_path: Path, settings_file: Path, request_: Request, process: type[FakeProcess]
) -> None:
    """What the file says is still of the one that died; leaving asks, and nothing else is started."""
    path = tmp_path / "a.thinice"
    write_run(path, MODELS, through=1, more={"request": request_.as_dict()})
    process.announced = None
    async with opened(path, settings_file) as driver:
        await driver.shows("■ stopped")
        await driver.press(*RESUME)
        await driver.shows("… the engine starts")
        assert "APGD" not in driver.lines[1] and "stopped" not in driver.text
        await driver.press("space")
        assert driver.said == ["the engine is starting: it cannot be asked yet"]
        assert not path.with_name("a.thinice.control").exists()
        await driver.press("e")
        await driver.shows("It is starting.", "Resume the run (it is running)")
        await driver.press("escape", "q")
        await driver.shows("An attack is running", "Keep it running", "End it: nothing more is computed yet")
        await driver.press("down", "enter")
        assert driver.app.return_value == EXIT_INTERRUPTED and process.code == -9
        assert f"thinice-tui open {path}" in driver.app.exit_message
    assert len(process.started) == 1


async def test_an_engine_that_starts_can_be_killed(
    tmp_path: Path, settings_file: Path, request_: Request, process: type[FakeProcess]
) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, MODELS, through=1, more={"request": request_.as_dict()})
    process.announced = None
    async with opened(path, settings_file) as driver:
        await driver.press(*RESUME)
        await driver.shows("… the engine starts")
        await driver.press("e", "down", "down", "enter")
        await driver.shows("The engine was killed (SIGKILL)")
        await driver.press("escape")
        await driver.shows("■ stopped")


async def test_a_real_engine_that_goes_on_is_never_shown_as_stopped(
    files: Files, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its start on, while its models are made, to its end."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("tests.tui.driver.DEADLINE", 60.0)  # a process that imports torch, on a busy machine
    wanted = quick(files, path := Path("a.thinice").absolute(), control=None, arch=WAITING)
    with pytest.raises(KeyboardInterrupt):
        run_it(wanted, StopAfter(60))
    with sqlite3.connect(path) as connection:  # as if its engine had been another process, which has ended
        connection.execute("DELETE FROM run WHERE key = 'engine'")
    connection.close()
    Path("wait").touch()
    async with opened(path, settings_file) as driver:
        app = driver.app
        try:
            await driver.shows("■ stopped")
            await driver.press(*RESUME)
            await driver.shows("… the engine starts")
            await driver.shows("… the engine starts: reading models and data")
            named = app.session.run.engine if app.session.run is not None else None
            assert engine_process(named) is not None and app.session.named_engine_is_alive
            await driver.press("q")
            await driver.shows("An attack is running", "Keep it running", "Stop it after this batch")
            await driver.press("escape")
            Path("wait").unlink()
            await driver.shows("✓ finished")
        finally:
            if (left := engine_process(read_run(path).engine)) is not None:
                left.kill()
        assert app.screen is driver.browse and not [words for words in driver.said if "The engine" in words]


@pytest.mark.parametrize("stored", [{}, "rm -rf", {"settings": 1}])
async def test_a_run_that_does_not_say_how_it_was_started_is_not_resumed(
    stored: object, tmp_path: Path, settings_file: Path, process: type[FakeProcess]
) -> None:
    path = tmp_path / "strange.thinice"
    write_run(path, MODELS, through=1, more={"request": stored})
    async with opened(path, settings_file) as driver:
        await driver.press("e", "down", "down", "down", "enter")
        await driver.says("repeat the command that made it")
        assert process.started == []


@pytest.mark.parametrize("field", ["data", "dense", "pruned", "folder"])
async def test_a_strangers_request_of_wrong_types_is_refused(
    field: str, tmp_path: Path, settings_file: Path, request_: Request, process: type[FakeProcess]
) -> None:
    path = tmp_path / "strange.thinice"
    write_run(path, MODELS, through=1, more={"request": request_.as_dict() | {field: 5.5}})
    async with opened(path, settings_file) as driver:
        await driver.press("e", "down", "down", "down", "enter")
        await driver.says("repeat the command that made it")
        assert process.started == []


async def test_an_engine_that_is_ending_is_not_starting(
    request_: Request, settings_file: Path, engine: Engine, process: type[FakeProcess]
) -> None:
    """Its process is the last to go: after the run file says that it is gone, or that the run is finished."""
    app = ThiniceApp(request=request_, settings_file=settings_file)
    async with app.run_test(size=(80, 24)) as pilot:
        driver = Driver(app, pilot, listen(app))
        await driver.until(lambda: app.session.analysis is not None)
        assert app.session.is_computing and not app.session.engine_is_starting
        engine.lives = False
        await driver.shows("■ stopped")
        assert not process.may_end.is_set() and not app.session.is_computing
