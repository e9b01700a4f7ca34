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

from tests.engine_runs import StopAfter, run_it
from tests.engine_runs import request as quick
from tests.fake_runs import write_run
from tests.linear_models import WAITING, Files
from tests.tui.driving import MODELS, Session, listen, opened
from thinice_tui.errors import EXIT_ERROR, EXIT_INTERRUPTED, RunFileError, ThiniceError
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.liveness import engine_process
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import EngineRecord, Run
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.engine_process import Announcement, tail
from thinice_tui.tui.screens.dialogs import ChoiceDialog

BEAT = Heartbeat(0.0, "running", "half", "APGD-T", 5, 10, 100.0, 30.0)


class Engine:
    """The engine as the run file shows it: whether it lives, and its state."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lives = True
        self.beat = BEAT
        self.log: str | None = None
        self.pid = 1
        monkeypatch.setattr("thinice_tui.tui.app.is_computing", lambda run: self.lives and not run.complete)
        read = ThiniceApp.on_thinice_app_run_read

        def handle(app: ThiniceApp, event: ThiniceApp.RunRead) -> None:
            record = EngineRecord(self.pid, 0.0, platform.node(), self.log)
            event.run = replace(event.run, heartbeat=self.beat, engine=record)
            read(app, event)

        monkeypatch.setattr(ThiniceApp, "on_thinice_app_run_read", handle)


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
    async with opened(unfinished, settings_file) as session:
        await session.shows("paused")
        await session.press("space")
        assert control(unfinished) == "run" and session.said == ["going on"]
        await session.press("e")
        await session.shows("It is paused", "Go on")
        await session.press("enter")
        assert control(unfinished) == "run" and session.said == ["going on"] * 2


@pytest.mark.usefixtures("engine")
async def test_an_engine_that_cannot_be_asked_is_said_so(
    unfinished: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, wish: str) -> None:
        raise RunFileError(f"{path.name}: no {wish}", "it goes on")

    monkeypatch.setattr("thinice_tui.tui.actions.engine.write_control", refuse)
    async with opened(unfinished, settings_file) as session:
        await session.press("space")
        assert session.said == ["going.thinice: no pause; it goes on"]
        await session.press("e", "down", "enter")
        assert session.said[1:] == ["going.thinice: no stop; it goes on"]
        await session.press("q", "down", "enter")
        assert session.said[2:] == ["going.thinice: no stop; it goes on"]
        assert session.app.return_code is None, "and the view stays"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("refused", [False, True])
async def test_killing(refused: bool, unfinished: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[Run] = []

    def kill(run: Run) -> None:
        if refused:
            raise RunFileError("it runs elsewhere", "stop it there")
        killed.append(run)

    monkeypatch.setattr("thinice_tui.tui.actions.engine.kill_engine", kill)
    async with opened(unfinished, settings_file) as session:
        await session.press("e", "down", "down", "enter")
        assert (session.said == ["it runs elsewhere; stop it there"]) == refused
        assert len(killed) == (not refused)


async def test_the_engines_log_is_shown(unfinished: Path, settings_file: Path, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("first\n\x1b[31m[red]last[/red]\n")
    engine.log = str(tmp_path / "log")
    async with opened(unfinished, settings_file, (100, 40)) as session:
        await session.press("e")
        await session.shows("first", "[red]last[/red]", f"Process 1 on {platform.node()}", str(tmp_path / "log"))
        assert "\x1b" not in session.text


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


async def test_an_engine_that_is_gone_is_said_with_its_last_words(
    unfinished: Path, settings_file: Path, engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("out of memory\n")
    engine.log = str(tmp_path / "log")
    async with opened(unfinished, settings_file) as session:
        await session.press("j")
        engine.lives = False
        await session.until(lambda: isinstance(session.app.screen, ChoiceDialog))
        await session.shows("The engine has ended", "gone without finishing", "out of memory", "Resume the run")
        await session.press("enter")
        await session.shows("stopped: what was computed is kept")
        assert session.table.cursor == 1


async def test_an_engine_that_stops_as_asked_is_no_accident(
    unfinished: Path, settings_file: Path, engine: Engine
) -> None:
    engine.beat = replace(BEAT, state="stopping")
    async with opened(unfinished, settings_file) as session:
        await session.shows("stopping after this batch")
        engine.lives = False
        await session.says("The engine has stopped; everything up to its last batch is kept")
        assert session.app.screen is session.app.browse


async def test_an_engine_that_ends_while_it_starts_is_a_word_to_those_who_did_not_start_it(
    unfinished: Path, settings_file: Path, engine: Engine
) -> None:
    engine.beat = replace(BEAT, state="starting", model="dense", stage="gradients")
    async with opened(unfinished, settings_file) as session:
        await session.shows("… the engine starts: dense · gradients")
        engine.lives = False
        await session.says("The engine that was starting has ended")
        await session.shows("stopped: what was computed is kept")
        assert session.app.screen is session.app.browse


async def test_an_engine_that_is_refused_is_not_taken_for_the_one_that_the_file_names_again(
    unfinished: Path, settings_file: Path, engine: Engine
) -> None:
    """Where the file holds another run it is put back as it was, with an engine that died long ago."""
    engine.beat, engine.pid = replace(BEAT, state="starting", model="", stage="reading models and data"), 2
    async with opened(unfinished, settings_file) as session:
        await session.shows("… the engine starts: reading models and data")
        engine.beat, engine.pid, engine.lives = BEAT, 1, False
        await session.says("The engine that was starting has ended")
        await session.shows("stopped: what was computed is kept")
        assert session.app.screen is session.app.browse


# leaving


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("keys", "code", "farewell"),
    [
        ([], 0, "the attack goes on in the background"),
        (["down"], 0, "the attack stops after this batch"),
        (["down", "down"], None, ""),
    ],
)
async def test_leaving_a_running_attack_asks(
    keys: list[str], code: int | None, farewell: str, unfinished: Path, settings_file: Path
) -> None:
    async with opened(unfinished, settings_file) as session:
        await session.press("q")
        await session.shows("An attack is running", "Keep it running", "Stop it after this batch", "Go back")
        await session.press(*keys, "enter")
        assert session.app.return_value == code
        assert session.app.farewell.startswith(farewell)
        assert (f"thinice-tui open {unfinished}" in session.app.farewell) == (code is not None)
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

    def last_words(self) -> str:
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

    monkeypatch.setattr("thinice_tui.tui.actions.engine.EngineProcess", Fake)
    yield Fake
    Fake.may_end.set()


def leave(app: ThiniceApp, *keys: str) -> float:
    """Run `app` as a terminal would and press `keys` once it shows a run; seconds from the last key to the end."""
    pressed = 0.0

    async def press(pilot: Pilot[object]) -> None:
        nonlocal pressed
        while app.rows is None:
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
    monkeypatch.setattr("thinice_tui.tui.app.POLL", 3.0)  # as after a look at a large run
    assert leave(ThiniceApp(path=run_file, settings_file=settings_file), "q") < 1.5


def test_leaving_does_not_wait_for_statistics(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = threading.Event()
    monkeypatch.setattr("thinice_tui.tui.app.analyse", lambda _: ends.wait(3.0))  # as those of a large run
    assert leave(ThiniceApp(path=run_file, settings_file=settings_file), "q") < 1.5
    ends.set()


# starting, and resuming


async def test_an_engine_is_started_and_its_run_followed(
    request_: Request, settings_file: Path, engine: Engine, process: type[FakeProcess]
) -> None:
    app = ThiniceApp(request=request_, settings_file=settings_file)
    said = listen(app)
    async with app.run_test(size=(80, 24)) as pilot:
        session = Session(app, pilot, said)
        await session.until(lambda: app.analysis is not None)
        assert process.started == [request_] and app.path == request_.run
        process.code = EXIT_INTERRUPTED
        engine.beat = replace(BEAT, state="stopping")
        process.may_end.set()
        await session.says("The engine has stopped; everything up to its last batch is kept")
        engine.lives = False
        await session.shows("stopped: what was computed is kept")
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
        session = Session(app, pilot, said)
        await session.until(lambda: app.analysis is not None)
        process.code, process.words = code, words
        engine.lives = False
        process.may_end.set()
        await session.until(lambda: isinstance(app.screen, ChoiceDialog))
        await session.until(lambda: not app.computing, "what the run file says of it")
        dialogs = [screen for screen in app.screen_stack if isinstance(screen, ChoiceDialog)]
        assert len(dialogs) == 1, "said once, whether the process or its run file is looked at"
        await session.shows("The engine has ended", "What it computed is kept", *shown, "Resume the run")
        process.may_end.clear()
        await session.press("down", "enter")
        await session.until(lambda: len(process.started) == 2, "a second engine")
        assert process.started[1].run == request_.run


async def test_an_engine_that_has_just_ended_can_be_resumed_at_once(
    request_: Request, settings_file: Path, engine: Engine, process: type[FakeProcess]
) -> None:
    """The run file was read last while that engine lived."""
    app = ThiniceApp(request=request_, settings_file=settings_file)
    said = listen(app)
    async with app.run_test(size=(80, 30)) as pilot:
        session = Session(app, pilot, said)
        await session.until(lambda: app.analysis is not None)
        assert engine.lives and app.computing
        process.code = 1
        process.may_end.set()
        await session.shows("The engine has ended")
        engine.beat = replace(BEAT, state="starting")  # what such a reading still says
        await session.press("escape", "e")
        await session.shows("It is stopped.", "Resume the run")
        assert engine.lives and not app.computing


async def test_an_engine_that_never_begins_ends_the_view_with_its_words(
    request_: Request, settings_file: Path, process: type[FakeProcess]
) -> None:
    process.announced, process.code, process.words = None, 1, "error: no such file"
    process.may_end.set()
    app = ThiniceApp(request=request_, settings_file=settings_file)
    async with app.run_test(size=(80, 24)) as pilot:
        await Session(app, pilot, []).until(lambda: app.return_code is not None)
    assert (app.return_value, app.farewell) == (EXIT_ERROR, "error: no such file")


async def test_a_system_that_refuses_the_engine_ends_the_view(
    request_: Request, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Request) -> None:
        raise ThiniceError("the engine cannot be started", "is the folder still there?")

    monkeypatch.setattr("thinice_tui.tui.actions.engine.EngineProcess", refuse)
    app = ThiniceApp(request=request_, settings_file=settings_file)
    async with app.run_test(size=(80, 24)) as pilot:
        await Session(app, pilot, []).until(lambda: app.return_code is not None)
    assert app.return_value == EXIT_ERROR and "the engine cannot be started" in app.farewell


async def test_a_strangers_run_is_resumed_only_after_its_command_was_seen(
    tmp_path: Path, settings_file: Path, request_: Request, process: type[FakeProcess]
) -> None:
    path = tmp_path / "strange.thinice"
    write_run(path, MODELS, through=1, more={"request": request_.as_dict()})
    async with opened(path, settings_file) as session:
        resume = ("down", "down", "down", "enter")
        await session.press("e")
        await session.shows("The engine", "Resume the run")
        await session.press(*resume)
        await session.shows("Resume the run?", "thinice-tui compare dense.pt '[red]half[/red].pt'")
        await session.press("down", "enter")
        assert process.started == [] and session.app.screen is session.app.browse
        await session.press("e")
        await session.shows("The engine", "Resume the run")
        await session.press(*resume)
        await session.shows("Resume the run?")
        await session.press("enter")
        await session.until(lambda: process.started)
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
    async with opened(path, settings_file) as session:
        await session.shows("■ stopped")
        await session.press(*RESUME)
        await session.shows("… the engine starts")
        assert "APGD" not in session.lines[1] and "stopped" not in session.text
        await session.press("space")
        assert session.said == ["the engine is starting: it cannot be asked yet"]
        assert not path.with_name("a.thinice.control").exists()
        await session.press("e")
        await session.shows("It is starting.", "Resume the run (it is running)")
        await session.press("escape", "q")
        await session.shows("An attack is running", "Keep it running", "End it: nothing more is computed yet")
        await session.press("down", "enter")
        assert session.app.return_value == EXIT_INTERRUPTED and process.code == -9
        assert f"thinice-tui open {path}" in session.app.farewell
    assert len(process.started) == 1


async def test_an_engine_that_starts_can_be_killed(
    tmp_path: Path, settings_file: Path, request_: Request, process: type[FakeProcess]
) -> None:
    path = tmp_path / "a.thinice"
    write_run(path, MODELS, through=1, more={"request": request_.as_dict()})
    process.announced = None
    async with opened(path, settings_file) as session:
        await session.press(*RESUME)
        await session.shows("… the engine starts")
        await session.press("e", "down", "down", "enter")
        await session.shows("The engine was killed (SIGKILL)")
        await session.press("escape")
        await session.shows("■ stopped")


async def test_a_real_engine_that_goes_on_is_never_shown_as_stopped(
    files: Files, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its start on, while its models are made, to its end."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("tests.tui.driving.DEADLINE", 60.0)  # a process that imports torch, on a busy machine
    wanted = quick(files, path := Path("a.thinice").absolute(), control=None, arch=WAITING)
    with pytest.raises(KeyboardInterrupt):
        run_it(wanted, StopAfter(60))
    with sqlite3.connect(path) as connection:  # as if its engine had been another process, which has ended
        connection.execute("DELETE FROM run WHERE key = 'engine'")
    connection.close()
    Path("wait").touch()
    async with opened(path, settings_file) as session:
        app = session.app
        try:
            await session.shows("■ stopped")
            await session.press(*RESUME)
            await session.shows("… the engine starts")
            await session.shows("… the engine starts: reading models and data")
            named = app.run_now.engine if app.run_now is not None else None
            assert engine_process(named) is not None and app.named_lives
            await session.press("q")
            await session.shows("An attack is running", "Keep it running", "Stop it after this batch")
            await session.press("escape")
            Path("wait").unlink()
            await session.shows("✓ finished")
        finally:
            if (left := engine_process(read_run(path).engine)) is not None:
                left.kill()
        assert app.screen is app.browse and not [words for words in session.said if "The engine" in words]


@pytest.mark.parametrize("stored", [{}, "rm -rf", {"settings": 1}])
async def test_a_run_that_does_not_say_how_it_was_started_is_not_resumed(
    stored: object, tmp_path: Path, settings_file: Path, process: type[FakeProcess]
) -> None:
    path = tmp_path / "strange.thinice"
    write_run(path, MODELS, through=1, more={"request": stored})
    async with opened(path, settings_file) as session:
        await session.press("e", "down", "down", "down", "enter")
        await session.says("repeat the command that made it")
        assert process.started == []


@pytest.mark.parametrize("field", ["data", "dense", "pruned", "folder"])
async def test_a_strangers_request_of_wrong_types_is_refused(
    field: str, tmp_path: Path, settings_file: Path, request_: Request, process: type[FakeProcess]
) -> None:
    path = tmp_path / "strange.thinice"
    write_run(path, MODELS, through=1, more={"request": request_.as_dict() | {field: 5.5}})
    async with opened(path, settings_file) as session:
        await session.press("e", "down", "down", "down", "enter")
        await session.says("repeat the command that made it")
        assert process.started == []


async def test_an_engine_that_is_ending_is_not_starting(
    request_: Request, settings_file: Path, engine: Engine, process: type[FakeProcess]
) -> None:
    """Its process is the last to go: after the run file says that it is gone, or that the run is finished."""
    app = ThiniceApp(request=request_, settings_file=settings_file)
    async with app.run_test(size=(80, 24)) as pilot:
        session = Session(app, pilot, listen(app))
        await session.until(lambda: app.analysis is not None)
        assert app.computing and not app.engine.is_starting
        engine.lives = False
        await session.shows("■ stopped")
        assert not process.may_end.is_set() and not app.computing
