"""An engine with a clock of its own, and all of its heartbeats."""

from collections.abc import Callable

import pytest
from torch import Tensor

from tests.engine.control.clock import FORWARD, Clock
from thinice_tui.engine.control import progress, run_control
from thinice_tui.engine.phases import clean
from thinice_tui.engine.worker import executor
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.write_queue import WriteQueue
from thinice_tui.runfile.writer import RunWriter


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Batches are written at once: when a thread writes them is no matter of this clock."""
    made = Clock()
    put, forward = WriteQueue.put, Classifier.forward

    def timed(self: Classifier, images: Tensor) -> Tensor:
        made.now += FORWARD
        return forward(self, images)

    def put_and_wait(self: WriteQueue, job: Callable[[], object]) -> None:
        put(self, job)
        self.drain()

    monkeypatch.setattr(WriteQueue, "put", put_and_wait)
    for module in (clean, progress, executor, run_control):
        monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(Classifier, "forward", timed)
    return made


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[Heartbeat]:
    """Every heartbeat, also those that follow too soon to be written."""
    seen: list[Heartbeat] = []
    write = RunWriter.heartbeat

    def kept(self: RunWriter, beat: Heartbeat) -> None:
        seen.append(beat)
        write(self, beat)

    monkeypatch.setattr(RunWriter, "heartbeat", kept)
    return seen
