"""Fakes of the engine: as the run file shows it, and as a process."""

import platform
import threading
from dataclasses import replace
from typing import ClassVar

import pytest

from thinice_tui.protocol.progress import Heartbeat, ReadCallback, read_silently
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.records import EngineRecord
from thinice_tui.tui.engine_process import Announcement
from thinice_tui.tui.run_follower import Reading
from thinice_tui.tui.session import Session

BEAT = Heartbeat(0.0, "running", "half", "APGD-T", 5, 10, 100.0, 30.0)


class FakeEngine:
    """The engine as the run file shows it: whether it is alive, and its heartbeat."""

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


class FakeProcess:
    """An engine's process that ends when it is let to, or after `HANGS` seconds."""

    HANGS = 3.0
    pid = 1  # as FakeEngine records
    started: ClassVar[list[Request]]
    announced: Announcement | None
    code = 0
    words = ""
    read: ClassVar[list[tuple[str, int, int]]] = []
    """What it says that it reads."""
    may_end: threading.Event

    def __init__(self, request: Request) -> None:
        type(self).started.append(request)

    def announcement(self, reading: ReadCallback = read_silently) -> Announcement | None:
        for what in type(self).read:
            reading(*what)
        return type(self).announced

    def wait(self) -> int:
        type(self).may_end.wait(type(self).HANGS)
        return type(self).code

    def last_messages(self) -> str:
        return type(self).words

    def kill(self) -> None:
        type(self).code = -9
        type(self).may_end.set()


RESUME = ("e", "down", "down", "down", "enter", "enter")
"""Keys that resume a run which is not computed, and say yes to its command."""
