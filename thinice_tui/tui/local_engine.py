"""The engine that this interface has started, if any: its end is known from its process."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from thinice_tui.errors import ThiniceError
from thinice_tui.protocol.progress import ReadCallback
from thinice_tui.protocol.request import Request
from thinice_tui.runfile.records import EngineRecord
from thinice_tui.tui.background import Background
from thinice_tui.tui.engine_process import EngineProcess


@dataclass(frozen=True)
class EngineEnd:
    """How an engine ended: its exit code, its last messages, and the file of all of them."""

    code: int
    last_messages: str
    log: Path | None
    """None: it ended before it had named its run file, or it could write no log."""


@dataclass(frozen=True)
class EngineCallbacks:
    """Called in the interface's thread: with what is read, the run file once it is named, at the end, or instead."""

    on_reading: ReadCallback
    on_announced: Callable[[Path], None]
    on_ended: Callable[[EngineEnd], None]
    on_refused: Callable[[ThiniceError], None]


class LocalEngine:
    """Starts an engine process and waits for it in a thread. One at a time."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._process: EngineProcess | None = None
        self._ended_pids: set[int] = set()
        self.is_alive = False
        """Whether an engine was started here and has not ended; True from the request on, before its process is."""

    @property
    def pid(self) -> int | None:
        """The engine's process; None where there is none, or not yet."""
        return None if self._process is None else self._process.pid

    def has_ended(self, engine: EngineRecord | None) -> bool:
        """Whether `engine` was started here and has ended; known before the run file is read again."""
        return engine is not None and engine.host == platform.node() and engine.pid in self._ended_pids

    def start(self, request: Request, callbacks: EngineCallbacks) -> None:
        """Start an engine for `request`."""
        self.is_alive = True
        self._background.start(self._supervise, request, callbacks)

    def kill(self) -> None:
        """End its process at once."""
        if self._process is not None:
            self._process.kill()

    def _supervise(self, request: Request, callbacks: EngineCallbacks) -> None:
        try:
            process = EngineProcess(request)
        except ThiniceError as error:
            self._background.deliver(callbacks.on_refused, error)
            return
        self._process = process
        self._ended_pids.discard(process.pid)  # the system may give a number again

        def reading(what: str, number: int, total: int) -> None:
            self._background.deliver(callbacks.on_reading, what, number, total)

        announced = process.announcement(reading)
        if announced is not None:
            self._background.deliver(callbacks.on_announced, announced.run)
        code = process.wait()
        end = EngineEnd(code, process.last_messages(), None if announced is None else announced.log)
        self._background.deliver(self._end, end, callbacks.on_ended)

    def _end(self, end: EngineEnd, on_ended: Callable[[EngineEnd], None]) -> None:
        if self._process is not None:
            self._ended_pids.add(self._process.pid)
        self._process, self.is_alive = None, False
        on_ended(end)
