"""A message that expires as it is to be shown does not hold up the interface."""

from pathlib import Path
from time import time

import pytest
from textual.notifications import Notification

from tests.tui.driver import opened
from thinice_tui.tui.notifications import LEAST, TimedNotification


def test_its_time_left_is_never_less_than_none() -> None:
    over, shown = TimedNotification("over", raised_at=time() - 6), TimedNotification("shown")
    assert over.has_expired and over.time_left == LEAST
    assert not shown.has_expired and 4 < shown.time_left <= 5


async def test_a_message_that_expires_before_it_is_shown(
    run_file: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(run_file, settings_file) as driver:
        for kind in (Notification, TimedNotification):  # it expires right after it was asked
            monkeypatch.setattr(kind, "has_expired", property(lambda _: False))
        driver.app.notify("too late", timeout=-1)
        await driver.press("j")
        assert driver.cursor == 1
        monkeypatch.undo()
        await driver.until(lambda: not driver.app.screen.query("Toast"), "it disappears")


async def test_keys_that_can_do_nothing_leave_one_message(run_file: Path, settings_file: Path) -> None:
    async with opened(run_file, settings_file) as driver:
        await driver.press("k", "k", "N", "k")
        assert len(driver.said) == 4
        await driver.until(lambda: len(driver.app.screen.query("Toast")) == 1, "one message")
        await driver.shows("this is the first sample")
