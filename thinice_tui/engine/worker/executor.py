"""Where tasks are computed: in this process here; in many processes and on many machines in engine/cluster/."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from thinice_tui.engine.control.watch import Watch
from thinice_tui.engine.worker.device import describe
from thinice_tui.engine.worker.model_host import ModelHost
from thinice_tui.engine.worker.tasks import Result, Task
from thinice_tui.errors import WorkerError
from thinice_tui.models.classifier import Classifier
from thinice_tui.protocol.settings import Precision, Settings


@dataclass(frozen=True)
class SearchForm:
    """With which form of a model gradient attacks search: its precision, and what AttackModel says of the others."""

    precision: Precision
    steps: tuple[str, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True)
class Done(Generic[Result]):
    """A task with its result; seconds: worked on it, without pauses."""

    task: Task[Result]
    result: Result
    seconds: float


def not_all_computed(what: str) -> WorkerError:
    """The error of an executor that ended before everything was computed, though nothing asked it to."""
    return WorkerError(
        f"{what}: not everything was computed; what was computed is kept",
        "repeat the command: it goes on from there. Please report this, with the run's log",
    )


class Executor(Protocol):
    """What the engine needs of the place where tasks are computed. Models are numbered in the run's order."""

    @property
    def search_forms(self) -> Sequence[SearchForm]:
        """With what attacks search, by model."""

    @property
    def where(self) -> str:
        """The devices in words, for the run file."""

    @property
    def places(self) -> int:
        """How many tasks can be computed at the same time."""

    @property
    def batch_size(self) -> int:
        """The most images in a batch that suit where they are computed."""

    def run(self, next_task: Callable[[], Task[Result] | None]) -> Iterator[Done[Result]]:
        """Each task's result, as soon as it is known, in any order.

        next_task: the next task; None where there is none now. It is asked again after each result, and the iteration
        ends where it says None and nothing is being computed.
        """

    def close(self) -> None:
        """Free what it holds."""


class LocalExecutor:
    """Computes tasks one after the other, on one device, in this process."""

    places = 1

    def __init__(
        self,
        names: Sequence[str],
        models: Sequence[Classifier],
        settings: Settings,
        device: torch.device,
        probe: NDArray[np.float32],
        watch: Watch,
    ) -> None:
        """probe: clean images [b,C,H,W], on which each model's faster forms must agree with it."""
        self._host = ModelHost(names, models, settings, device, probe, watch.warn)
        self._watch = watch
        self.where = describe(device)
        self.batch_size = self._host.batch_size

    @property
    def search_forms(self) -> Sequence[SearchForm]:
        """With what attacks search, by model."""
        return [SearchForm(form.precision, form.steps, form.refused) for form in self._host.attack_models]

    def run(self, next_task: Callable[[], Task[Result] | None]) -> Iterator[Done[Result]]:
        """Each task's result, in their order; lazily, so that one can be kept before the next is computed."""
        while (task := next_task()) is not None:
            yield self._compute(task)

    def _compute(self, task: Task[Result]) -> Done[Result]:
        began, paused = time.perf_counter(), self._watch.paused
        result = self._host.compute(task, lambda images: self._watch.forwarded(task, images))
        return Done(task, result, time.perf_counter() - began - (self._watch.paused - paused))

    def close(self) -> None:
        """Nothing to free: the models are the caller's."""
