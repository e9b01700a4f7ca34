"""A place for one worker: the worker that is there now, and what it does."""

import time
from dataclasses import dataclass
from typing import Any

from thinice_tui.engine.cluster.worker import Ready, Status
from thinice_tui.engine.worker.tasks import Task
from thinice_tui.protocol.progress import WorkerState

STARTS = 3
"""How often a worker is started again without computing anything."""


@dataclass(eq=False)
class Place:
    """One worker, and the one that takes its place where it is lost."""

    number: int
    device: str
    gpus: int
    actor: Any = None
    ready: Ready | None = None
    preparing: Any = None
    """A reference, while it loads the models."""
    computing: Any = None
    """A reference, while it computes `task`."""
    task: Task[Any] | None = None
    asked: Any = None
    """A reference to its next answer about how far it is."""
    is_alive: bool = False
    """Whether its process has answered."""
    sent: int = 0
    """Tasks that this worker was given."""
    has_begun: bool = False
    """Whether it is known to have begun its task."""
    images: int = 0
    """Of its task, passed forward so far."""
    starts: int = 0
    losses: int = 0
    _since: float = 0.0

    @property
    def idle(self) -> bool:
        """Whether it waits for a task."""
        return self.ready is not None and self.computing is None

    @property
    def gone(self) -> bool:
        """Whether there is no worker, and none will be."""
        return self.ready is None and self.preparing is None

    @property
    def can_start_again(self) -> bool:
        """Whether another worker may take the place of one that is lost."""
        return self.starts <= STARTS

    @property
    def label(self) -> str:
        """`worker 2 (cuda:0, host)`."""
        where = self.ready.device if self.ready else self.device
        host = f", {self.ready.host}" if self.ready else ""
        return f"worker {self.number + 1} ({where}{host})"

    def started(self, actor: Any) -> None:
        """A new worker is here, which begins to prepare itself."""
        self.ended()
        self.actor, self.sent = actor, 0
        self.preparing = actor.prepare.options(concurrency_group="compute").remote()
        self.starts += 1

    def ended(self) -> None:
        """The worker is here no more."""
        self.ready = self.preparing = self.asked = None
        self.is_alive = False

    def begun(self, task: Task[Any], reference: Any) -> None:
        """The worker was given `task`, whose result is `reference`."""
        self.task, self.computing, self.asked = task, reference, None
        self.sent += 1
        self.has_begun, self.images, self._since = False, 0, time.monotonic()

    def answered(self, status: Status) -> None:
        """Take up how far the worker is."""
        self.asked, self.is_alive = None, True
        if self.computing is not None and status.tasks == self.sent:
            self.has_begun, self.images = True, status.images

    def state(self, names: tuple[str, ...]) -> WorkerState:
        """What it does now, for views; names: of the models."""
        if self.task is None:
            doing = "starting" if self.preparing else "lost" if self.gone else "waiting"
            return WorkerState(self.label, doing, 0.0)
        spent = time.monotonic() - self._since
        return WorkerState(
            self.label, f"{names[self.task.model]} · {self.task.name}", self.images / spent if spent > 0 else 0.0
        )
