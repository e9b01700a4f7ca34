"""Actions that control the engine; the engine is a fake."""

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_runs import write_run
from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import MODELS, opened
from tests.tui.fake_engine import BEAT, FakeEngine, FakeProcess
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.records import Run
from thinice_tui.tui.actions.engine import STOPPING
from thinice_tui.tui.screens.dialogs import ChoiceDialog


def control(run: Path) -> str:
    return run.with_name(f"{run.name}.control").read_text()


async def test_a_paused_run_goes_on(unfinished: Path, settings_file: Path, engine: FakeEngine) -> None:
    engine.beat = replace(BEAT, state="paused")
    async with opened(unfinished, settings_file) as driver:
        await driver.shows("paused")
        await driver.press("w")
        assert control(unfinished) == "run" and driver.said == ["going on"]
        await driver.press("e")
        await driver.shows("It is paused", "Go on")
        await driver.press("enter")
        assert control(unfinished) == "run" and driver.said == ["going on"] * 2


@pytest.mark.usefixtures("engine")
async def test_a_control_file_that_cannot_be_written_is_reported(
    unfinished: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, wish: str) -> None:
        raise RunFileError(f"{path.name}: no {wish}", "it goes on")

    monkeypatch.setattr("thinice_tui.tui.actions.engine.write_control", refuse)
    async with opened(unfinished, settings_file) as driver:
        await driver.press("w")
        assert driver.said == ["going.thinice: no pause; it goes on"]
        await driver.press("e", "down", "enter")
        assert driver.said[1:] == ["going.thinice: no stop; it goes on"]
        await driver.press("q", "down", "enter")
        assert driver.said[2:] == ["going.thinice: no stop; it goes on"]
        assert driver.app.return_code is None, "and the view stays"


async def test_an_engine_that_stops_is_not_paused(unfinished: Path, settings_file: Path, engine: FakeEngine) -> None:
    """A stop holds: an engine that went on after it would have left something out."""
    engine.beat = replace(BEAT, state="stopping")
    async with opened(unfinished, settings_file) as driver:
        await driver.press("w")
        assert driver.said == [STOPPING]
        await driver.press("e")
        await driver.shows("It is stopping", "Kill at once")
        await driver.press("enter")
        assert not unfinished.with_name("going.thinice.control").exists()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("refused", [False, True])
async def test_killing(refused: bool, unfinished: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[Run] = []

    def kill(run: Run) -> None:
        if refused:
            raise RunFileError("it runs elsewhere", "stop it there")
        killed.append(run)

    monkeypatch.setattr("thinice_tui.tui.actions.engine.kill_engine", kill)
    async with opened(unfinished, settings_file) as driver:
        await driver.press("e", "down", "down", "enter", "enter")
        assert not killed and not driver.said, "it asks, and what is chosen first is to go back"
        await driver.press("e", "down", "down", "enter", "down", "enter")
        assert (driver.said == ["it runs elsewhere; stop it there"]) == refused
        assert len(killed) == (not refused)


async def test_the_engines_log_is_shown(
    unfinished: Path, settings_file: Path, engine: FakeEngine, tmp_path: Path
) -> None:
    (tmp_path / "log").write_text("first\n\x1b[31m[red]last[/red]\n")
    engine.log = str(tmp_path / "log")
    async with opened(unfinished, settings_file, (100, 40)) as driver:
        await driver.press("e")
        await driver.shows("first", "[red]last[/red]", f"Process 1 on {platform.node()}", str(tmp_path / "log"))
        assert "\x1b" not in driver.text


async def test_a_vanished_engine_is_reported_with_its_last_messages(
    unfinished: Path, settings_file: Path, engine: FakeEngine, tmp_path: Path
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


async def test_an_engine_that_stops_as_asked_is_notified_without_a_dialog(
    unfinished: Path, settings_file: Path, engine: FakeEngine
) -> None:
    engine.beat = replace(BEAT, state="stopping")
    async with opened(unfinished, settings_file) as driver:
        await driver.shows("stopping after this batch")
        engine.lives = False
        await driver.says("The engine has stopped; everything up to its last batch is kept")
        assert driver.app.screen is driver.browse


async def test_an_engine_of_another_view_that_ends_while_it_starts_is_notified(
    unfinished: Path, settings_file: Path, engine: FakeEngine
) -> None:
    engine.beat = replace(BEAT, state="starting", model="dense", stage="gradients")
    async with opened(unfinished, settings_file) as driver:
        await driver.shows("… the engine starts: dense · gradients")
        engine.lives = False
        await driver.says("The engine that was starting has ended")
        await driver.shows("stopped: what was computed is kept")
        assert driver.app.screen is driver.browse


async def test_the_end_of_a_refused_engine_is_not_that_of_an_earlier_one(
    unfinished: Path, settings_file: Path, engine: FakeEngine
) -> None:
    """Where the file holds another run it is put back as it was, with an engine that died long ago."""
    engine.beat, engine.pid = replace(BEAT, state="starting", model="", stage="reading models and data"), 2
    async with opened(unfinished, settings_file) as driver:
        await driver.shows("… the engine starts: reading models and data")
        engine.beat, engine.pid, engine.lives = BEAT, 1, False
        await driver.says("The engine that was starting has ended")
        await driver.shows("stopped: what was computed is kept")
        assert driver.app.screen is driver.browse


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


@pytest.mark.parametrize("stored", [{}, {"settings": 1}])
async def test_a_run_that_does_not_say_how_it_was_started_is_not_resumed(
    stored: object, tmp_path: Path, settings_file: Path, process: type[FakeProcess]
) -> None:
    path = tmp_path / "strange.thinice"
    write_run(path, MODELS, through=1, more={"request": stored})
    async with opened(path, settings_file) as driver:
        await driver.press("e", "down", "down", "down", "enter")
        await driver.says("repeat the command that made it")
        assert process.started == []


@pytest.mark.parametrize("more", [{}, {"request": "rm -rf"}])
async def test_a_run_of_modules_in_memory_goes_on_in_python(
    more: dict[str, object], tmp_path: Path, settings_file: Path, process: type[FakeProcess]
) -> None:
    path = tmp_path / "memory.thinice"
    write_run(path, MODELS, through=1, more=more)
    async with opened(path, settings_file) as driver:
        await driver.press("e", "down", "down", "down", "enter")
        await driver.says("if from Python, repeat that call")
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


@pytest.mark.usefixtures("computing")
@of_actions("pause")
async def test_pause(cases: Cases, unfinished: Path, settings_file: Path) -> None:
    control = unfinished.with_name("going.thinice.control")
    async with opened(unfinished, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert driver.said == ["pausing"]
            assert control.read_text() == "pause"
            control.unlink()


@pytest.mark.usefixtures("computing")
@of_actions("engine")
async def test_engine(cases: Cases, unfinished: Path, settings_file: Path) -> None:
    control = unfinished.with_name("going.thinice.control")
    async with opened(unfinished, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert isinstance(driver.app.screen, ChoiceDialog)
            await driver.shows("The engine", "It is running", "Pause", "Stop after this batch", "Kill", "Resume")
            await driver.press("down", "enter")
            assert control.read_text() == "stop"
            control.unlink()
