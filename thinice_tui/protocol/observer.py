"""What the engine tells whoever watches it; it knows none of them."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Progress:
    """Where the run is. Samples are counted in the stage at hand, over all models; times are for the whole run."""

    model: str
    stage: str
    done: float
    """Samples of this stage, the batch in flight counted by its forward passes."""
    total: int
    images_per_second: float
    """Images passed forward, in this stage."""
    seconds_left: float | None
    """At most, for the whole run: as if nothing more broke. None: too early to tell."""
    seconds_expected: float | None = None
    """For the whole run, if the rest of this stage breaks as many as what is done of it. None: too early to tell."""


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
        """Something worth knowing that is as it should be."""

    def warn(self, message: str) -> None:
        """Something that may make the numbers mean less."""

    def progress(self, progress: Progress) -> None:
        """Called after every forward pass: be quick."""

    def stage_finished(self, result: StageResult) -> None:
        """A stage is done for one model."""


class SilentObserver:
    """Watches nothing; for tests and for use as a library."""

    def note(self, message: str) -> None: ...

    def warn(self, message: str) -> None: ...

    def progress(self, progress: Progress) -> None: ...

    def stage_finished(self, result: StageResult) -> None: ...
