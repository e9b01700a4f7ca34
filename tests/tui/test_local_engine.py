"""An engine that the interface has started: starting, failing, resuming."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine_runs import StopAfter, run_it
from tests.engine_runs import request as quick
from tests.fake_runs import write_run
from tests.linear_models import WAITING, Files
from tests.tui.driver import MODELS, driven, opened
from tests.tui.fake_engine import BEAT, RESUME, FakeEngine, FakeProcess
from thinice_tui.errors import EXIT_ERROR, EXIT_INTERRUPTED, ThiniceError
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.liveness import engine_process
from thinice_tui.runfile.reader import read_run
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.screens.dialogs import ChoiceDialog


async def test_an_engine_is_started_and_its_run_followed(
    request_: Request, settings_file: Path, engine: FakeEngine, process: type[FakeProcess]
) -> None:
    async with driven(ThiniceApp(request=request_, settings_file=settings_file), (80, 24)) as driver:
        assert process.started == [request_] and driver.session.path == request_.run
        process.code = EXIT_INTERRUPTED
        engine.beat = replace(BEAT, state="stopping")
        process.may_end.set()
        await driver.says("The engine has stopped; everything up to its last batch is kept")
        engine.lives = False
        await driver.shows("stopped: what was computed is kept")
        assert len(driver.said) == 1, "said once, whether the process or its run file is looked at"


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
    engine: FakeEngine,
    process: type[FakeProcess],
) -> None:
    async with driven(ThiniceApp(request=request_, settings_file=settings_file), (80, 30)) as driver:
        process.code, process.words = code, words
        engine.lives = False
        process.may_end.set()
        await driver.until(lambda: isinstance(driver.app.screen, ChoiceDialog))
        await driver.until(lambda: not driver.session.is_computing, "what the run file says of it")
        dialogs = [screen for screen in driver.app.screen_stack if isinstance(screen, ChoiceDialog)]
        assert len(dialogs) == 1, "said once, whether the process or its run file is looked at"
        await driver.shows("The engine has ended", "What it computed is kept", *shown, "Resume the run")
        process.may_end.clear()
        await driver.press("down", "enter")
        await driver.until(lambda: len(process.started) == 2, "a second engine")
        assert process.started[1].run == request_.run


async def test_an_engine_that_has_just_ended_can_be_resumed_at_once(
    request_: Request, settings_file: Path, engine: FakeEngine, process: type[FakeProcess]
) -> None:
    """The run file was read last while that engine lived."""
    async with driven(ThiniceApp(request=request_, settings_file=settings_file), (80, 30)) as driver:
        assert engine.lives and driver.session.is_computing
        process.code = 1
        process.may_end.set()
        await driver.shows("The engine has ended")
        engine.beat = replace(BEAT, state="starting")  # what such a reading still says
        await driver.press("escape", "e")
        await driver.shows("It is stopped.", "Resume the run")
        assert engine.lives and not driver.session.is_computing


async def test_an_engine_that_never_begins_ends_the_view_with_its_words(
    request_: Request, settings_file: Path, process: type[FakeProcess]
) -> None:
    process.announced, process.code, process.words = None, 1, "error: no such file"
    process.may_end.set()
    app = ThiniceApp(request=request_, settings_file=settings_file)
    async with driven(app, ready=False) as driver:
        await driver.until(lambda: app.return_code is not None)
    assert (app.return_value, app.exit_message) == (EXIT_ERROR, "error: no such file")


async def test_a_system_that_refuses_the_engine_ends_the_view(
    request_: Request, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Request) -> None:
        raise ThiniceError("the engine cannot be started", "is the folder still there?")

    monkeypatch.setattr("thinice_tui.tui.local_engine.EngineProcess", refuse)
    app = ThiniceApp(request=request_, settings_file=settings_file)
    async with driven(app, ready=False) as driver:
        await driver.until(lambda: app.return_code is not None)
    assert app.return_value == EXIT_ERROR and "the engine cannot be started" in app.exit_message


def unfinished_with(request: Request, folder: Path) -> Path:
    """A run file that names `request`, and whose engine is gone."""
    path = folder / "a.thinice"
    write_run(path, MODELS, through=1, more={"request": request.as_dict()})
    return path


async def test_until_the_run_file_names_it_an_engine_that_was_started_is_starting(
    tmp_path: Path, settings_file: Path, request_: Request, process: type[FakeProcess]
) -> None:
    """What the file says is still of the one that died; leaving asks, and nothing else is started."""
    path = unfinished_with(request_, tmp_path)
    process.announced = None
    async with opened(path, settings_file) as driver:
        await driver.shows("■ stopped")
        await driver.press(*RESUME)
        await driver.shows("… the engine starts")
        assert "APGD" not in driver.lines[1] and "stopped" not in driver.text
        await driver.press("w")
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
    path = unfinished_with(request_, tmp_path)
    process.announced = None
    async with opened(path, settings_file) as driver:
        await driver.press(*RESUME)
        await driver.shows("… the engine starts")
        await driver.press("e", "down", "down", "enter")
        await driver.shows("Kill the engine?", "Go back", "Kill it")
        await driver.press("down", "enter")
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


async def test_an_engine_that_is_ending_is_not_starting(
    request_: Request, settings_file: Path, engine: FakeEngine, process: type[FakeProcess]
) -> None:
    """Its process is the last to go: after the run file says that it is gone, or that the run is finished."""
    async with driven(ThiniceApp(request=request_, settings_file=settings_file)) as driver:
        assert driver.session.is_computing and not driver.session.engine_is_starting
        engine.lives = False
        await driver.shows("■ stopped")
        assert not process.may_end.is_set() and not driver.session.is_computing


async def test_what_the_engine_reads_is_counted(
    request_: Request, settings_file: Path, process: type[FakeProcess]
) -> None:
    process.announced = None
    process.read = [("dense", 1, 4), ("\x1b[2Jhalf", 2, 4), ("the data", 3, 4)]
    process.HANGS = 60.0
    app = ThiniceApp(request=request_, settings_file=settings_file)
    async with driven(app, (80, 24), ready=False) as driver:
        await driver.shows("… reading the data, 3 of 4 · 1s")
        assert all(line.isprintable() for line in driver.lines)
        process.may_end.set()
