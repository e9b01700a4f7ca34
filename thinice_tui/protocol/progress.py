"""What an engine reports while it works, and who receives it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

EngineState = Literal["starting", "running", "paused", "stopping"]
SEPARATOR = " · "
"""Between the model and the stage in a heartbeat's text."""


ReadCallback = Callable[[str, int, int], None]
"""Is told what is read before a run begins, and as which of how many."""


def read_silently(what: str, number: int, total: int) -> None:
    """Tell nobody."""


IDLE = ("starting", "waiting", "lost")
"""What a worker does that computes nothing."""


@dataclass(frozen=True)
class WorkerState:
    """What one of several workers does now."""

    name: str
    doing: str
    """`model · stage`, or one of IDLE."""
    rate: float
    """Images passed forward per second, in the current batch."""

    @property
    def is_busy(self) -> bool:
        """Whether it computes something."""
        return self.doing not in IDLE


@dataclass(frozen=True)
class Heartbeat:
    """What the engine does now. Samples are counted in the current stage, over all models; times are for the run."""

    at: float
    """Seconds since the epoch, by the engine's clock."""
    state: EngineState
    model: str
    """Empty where the work concerns no single model."""
    stage: str
    """`clean`, an attack stage, or `checks`; while starting, what is read or checked."""
    done: float
    """Samples of this stage; each forward pass of the current batch counts as a fraction of its samples."""
    total: int
    rate: float
    """Images passed forward per second, in this stage."""
    seconds_left: float | None
    """Upper bound: assumes that no further sample breaks. None: too early to tell."""
    seconds_expected: float | None = None
    """Assumes that the rest of the stage breaks as many samples as the part that is done. None: too early to tell, or
    the file does not say."""
    workers: tuple[WorkerState, ...] = ()
    """Where several compute; empty: the engine itself does."""

    @property
    def doing(self) -> str:
        """`model · stage`, as shown and as stored in a run file."""
        return SEPARATOR.join(filter(None, (self.model, self.stage)))


def split_doing(doing: str) -> tuple[str, str]:
    """The model and the stage of a heartbeat's text; the model is empty where the text names none."""
    model, _, stage = doing.rpartition(SEPARATOR)
    return model, stage


@dataclass(frozen=True)
class StageResult:
    """A finished stage against one model; robust_accuracy is an upper bound unless final."""

    model: str
    stage: str
    entered: int
    broken: int
    robust_accuracy: float
    seconds: float
    final: bool


class Observer(Protocol):
    """Receives a run's events, in the engine's thread."""

    def note(self, message: str) -> None:
        """Something worth knowing that needs no action."""

    def warn(self, message: str) -> None:
        """Something that makes the numbers less reliable."""

    def progress(self, beat: Heartbeat) -> None:
        """Called after every forward pass of an attack: return quickly."""

    def stage_finished(self, result: StageResult) -> None:
        """A stage is done for one model."""


class SilentObserver:
    """Ignores every event; for tests and for use as a library."""

    def note(self, message: str) -> None: ...

    def warn(self, message: str) -> None: ...

    def progress(self, beat: Heartbeat) -> None: ...

    def stage_finished(self, result: StageResult) -> None: ...
