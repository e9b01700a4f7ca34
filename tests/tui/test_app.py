"""The application: beginning, leaving, and any keys in any order."""

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.actions.action_cases import Cases, each, of_actions
from tests.tui.driver import opened
from tests.tui.fake_engine import FakeProcess
from thinice_tui.analysis.comparison import analyse
from thinice_tui.errors import RunFileError
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.records import Run
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.background import Background
from thinice_tui.tui.run_follower import Reading


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
    monkeypatch.setattr("thinice_tui.tui.session.analyse", lambda *_: ends.wait(3.0))  # as those of a large run
    assert leave(ThiniceApp(path=run_file, settings_file=settings_file), "q") < 1.5
    ends.set()


@of_actions("quit")
async def test_quit(cases: Cases, run_file: Path, settings_file: Path) -> None:
    for do in cases:
        async with opened(run_file, settings_file) as driver:
            await driver.go(do.place)
            await driver.press(do.key)
            assert driver.app.return_code == 0 and driver.app.return_value == 0, do
            assert driver.app.exit_message == f"look again: thinice-tui open {run_file}"


@of_actions("ask_quit")
async def test_ctrl_c_asks_on_every_screen(cases: Cases, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        for do in cases:
            await driver.back()
            await driver.go(do.place)
            await driver.press(do.key)
            assert "Quit?" in driver.text and driver.app.return_code is None
            await driver.press("down", "enter")
            assert "Quit?" not in driver.text and driver.app.return_code is None


@pytest.mark.parametrize("before", ["/", "x", "e", "ctrl+p", "c", "x enter", ":"])
async def test_ctrl_c_asks_in_dialogs_and_where_text_is_typed(before: str, run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press(*before.split(), "ctrl+c")
        assert "Quit?" in driver.text
        await driver.press("ctrl+c")
        assert driver.said == ["enter does what is chosen, esc goes back"]
        await driver.press("enter")
        assert driver.app.return_code == 0


@of_actions("suspend")
async def test_without_a_shell_there_is_nothing_to_suspend_to(
    cases: Cases, run_file: Path, settings_file: Path
) -> None:
    async with opened(run_file, settings_file) as driver:
        async for do in each(driver, cases):
            await driver.press(do.key)
            assert driver.said == ["there is no shell to come back from"]


async def test_readings_after_the_widgets_are_removed_change_nothing(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        run, rows, analysis = driver.session.run, driver.session.rows, driver.session.analysis
        assert run is not None and rows is not None and analysis is not None
        await driver.browse.query("*").remove()
        driver.session.analysed(analysis, driver.session._analysis_key)
        driver.session.run_read(Reading(run, False, rows))
        driver.session.run_unreadable(RunFileError("gone", "look"))
        await driver.settle()
        assert driver.app._exception is None


async def test_no_key_makes_the_repr_of_a_run(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a run of a thousand samples the repr takes as long as a key may take."""
    spelled: list[Run] = []

    def spell(run: Run) -> str:
        spelled.append(run)
        return "a run"

    monkeypatch.setattr(Run, "__repr__", spell)
    async with opened(run_file, settings_file) as driver:
        await driver.press("j", "s", "enter", "escape", "v", "escape", "P")
        await driver.drawn()
    assert not spelled


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


def test_a_view_appears_before_scipy_has_loaded() -> None:
    code = "import sys, thinice_tui.tui.app, thinice_tui.report.output; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
