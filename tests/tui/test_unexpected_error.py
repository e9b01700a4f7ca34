"""A defect of the interface: one calm message, and the traceback in a log."""

import asyncio
from pathlib import Path

import pytest

from tests.tui.driver import DEADLINE, opened
from thinice_tui.tui.app import ThiniceApp
from thinice_tui.tui.unexpected_error import LARGEST_LOG, log_file, unexpected_error


@pytest.fixture(autouse=True)
def _own_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def fail() -> None:
    secret = "the value of a variable"
    raise KeyError(len(secret))


def test_the_message_says_what_goes_on_and_the_log_has_the_traceback() -> None:
    try:
        fail()
    except KeyError as error:
        message = unexpected_error(
            error, "the attack goes on in the background\nlook again: thinice-tui open a.thinice"
        )
    assert message.startswith("error: the interface had to close") and "(KeyError: 23)" in message
    assert "the attack goes on" in message and "look again" in message and str(log_file()) in message
    assert "Traceback" not in message and len(message.splitlines()) <= 6
    log = log_file().read_text()
    assert "in fail" in log and "KeyError: 23" in log and "secret =" not in log
    assert "the value of a variable" not in log


def test_a_log_does_not_grow_for_ever() -> None:
    log_file().parent.mkdir(parents=True)
    log_file().write_text("x" * (LARGEST_LOG + 1))
    unexpected_error(ValueError("new"), "")
    assert "ValueError: new" in log_file().read_text() and log_file().stat().st_size < 10_000


def test_where_no_log_can_be_written_another_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    message = unexpected_error(ValueError("new"), "")
    assert str(log_file()) not in message and ".log" in message


@pytest.mark.parametrize("where", ["key", "thread", "drawing"])
async def test_wherever_it_happens_the_interface_ends_with_that_message(
    where: str, run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        fail()

    app: ThiniceApp | None = None
    with pytest.raises(KeyError):
        async with opened(run_file, settings_file) as driver:
            app = driver.app
            if where == "key":
                monkeypatch.setattr(driver.session, "move", broken)
                await driver.press("j")
            elif where == "thread":
                driver.session._background.start(broken)
            else:
                monkeypatch.setattr("thinice_tui.tui.widgets.panels.load_sample_detail", broken)
                await driver.press("enter")
            await asyncio.wait_for(driver.app._exception_event.wait(), DEADLINE)
    assert app is not None and app.return_code == 1
    assert "KeyError" in app.exit_message and f"look again: thinice-tui open {run_file}" in app.exit_message
    assert not app._exit_renderables, "Textual prints nothing of its own"
