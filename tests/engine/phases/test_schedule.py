"""Which batch is next, with several at the same time: nothing waits that need not, and what must wait does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from thinice_tui.engine.phases.batch_phase import ModelProgress
from thinice_tui.engine.phases.schedule import Schedule
from thinice_tui.engine.worker.executor import Done
from thinice_tui.engine.worker.tasks import BatchTask

MODELS = 3


class _Task(BatchTask):
    ordinal: int

    @property
    def name(self) -> str:
        return str(self.ordinal)

    def compute(self, worker: Any) -> Any: ...


@dataclass(eq=False)
class Phase:
    """A phase of `counts[model]` batches of one sample each."""

    ordinal: int
    counts: tuple[int, ...]
    waits_for_all: bool = False
    finished: list[int] = field(default_factory=list)

    def begin(self, model: int) -> ModelProgress:
        batches = {first: np.array([first]) for first in range(self.counts[model])}
        return ModelProgress(model, self.ordinal, self.counts[model], batches)

    def task(self, model: int, first: int, positions: NDArray[np.int64]) -> BatchTask:
        one, images = np.zeros(1, np.int64), np.zeros((1, 1, 1, 1), np.float32)
        task = _Task(
            model=model, first=first, positions=positions, indices=one, labels=one, images=images, batch_capacity=1
        )
        object.__setattr__(task, "ordinal", self.ordinal)
        return task

    def keep(self, task: BatchTask, outcome: Any) -> None: ...

    def finish(self, progress: ModelProgress) -> None:
        self.finished.append(progress.model)


@dataclass
class Outcome:
    broken: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(1, np.bool_))
    seconds: float = 0.0


class Executor:
    """Computes `places` tasks at a time; of those that it has, the one that `choose` says is done next."""

    def __init__(self, places: int, choose: Callable[[int], int]) -> None:
        self.places, self._choose = places, choose
        self.order: list[tuple[int, int, int]] = []
        """Model, phase and place, in the order in which tasks began."""
        self.most = 0

    def run(self, next_task: Callable[[], Any]) -> Iterator[Any]:
        held: list[Any] = []
        while True:
            while len(held) < self.places and (task := next_task()) is not None:
                self.order.append((task.model, task.ordinal, task.first))
                held.append(task)
            self.most = max(self.most, len(held))
            if not held:
                return
            yield Done(held.pop(self._choose(len(held))), Outcome(), 0.1)


class Everything:
    """The rest of a run: no time limit, no progress, no notes."""

    def __init__(self, executor: Executor, left: dict[int, float] | None = None) -> None:
        self.executor, self._left = executor, left or {}
        self.outcomes = self
        self.models = range(MODELS)
        self.run_control = self.progress = self
        self.seconds_left = None

    def is_ending(self, kept: bool) -> bool:  # noqa: ARG002
        return False

    def end_if_asked(self, kept: bool) -> None: ...

    def start_batch(self, key: int, model: int, samples: int) -> None: ...

    def batch_done(self, key: int, broken: int) -> None: ...

    def work_left(self, model: int) -> float:
        return self._left.get(model, 0.0)


def compute(executor: Executor, phases: list[Phase], left: dict[int, float] | None = None) -> None:
    Schedule(Everything(executor, left), phases).compute()  # type: ignore[arg-type]


def test_alone_models_take_turns_and_phases_follow_one_another() -> None:
    executor = Executor(1, lambda _: 0)
    compute(executor, [Phase(0, (2, 2, 1)), Phase(1, (1, 0, 1))])
    assert executor.order == [(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 0, 1), (1, 0, 1), (0, 1, 0), (2, 1, 0)]


@pytest.mark.parametrize("seed", range(5))
def test_every_batch_is_computed_once_and_a_models_phases_in_their_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    phases = [Phase(ordinal, tuple(int(n) for n in random.integers(0, 6, MODELS))) for ordinal in range(4)]
    executor = Executor(3, lambda held: int(random.integers(held)))
    compute(executor, phases)
    expected = {
        (model, phase.ordinal, at) for phase in phases for model in range(MODELS) for at in range(phase.counts[model])
    }
    assert len(executor.order) == len(expected) and set(executor.order) == expected
    for model in range(MODELS):
        ordinals = [ordinal for number, ordinal, _ in executor.order if number == model]
        assert ordinals == sorted(ordinals)
    assert all(sorted(phase.finished) == list(range(MODELS)) for phase in phases), "each once, the empty ones too"


def test_no_place_is_idle_where_another_model_can_go_on() -> None:
    """The first model is slow: its one batch of phase 0 is done last of all."""
    executor = Executor(2, lambda held: held - 1)
    compute(executor, [Phase(0, (1, 3, 0)), Phase(1, (1, 3, 0))])
    assert executor.order.index((1, 1, 0)) < executor.order.index((0, 1, 0)) and executor.most == 2


def test_an_escalation_waits_for_the_audits_of_all_models() -> None:
    executor = Executor(2, lambda held: held - 1)
    phases = [Phase(0, (4, 1, 1)), Phase(1, (1, 1, 1), waits_for_all=True)]
    compute(executor, phases)
    first = min(at for at, (_, ordinal, _) in enumerate(executor.order) if ordinal == 1)
    assert all(ordinal == 0 for _, ordinal, _ in executor.order[:first]) and first == 6


def test_with_several_places_the_model_with_most_left_goes_first() -> None:
    executor = Executor(2, lambda _: 0)
    compute(executor, [Phase(0, (2, 2, 2))], {0: 1.0, 1: 5.0, 2: 3.0})
    assert [model for model, *_ in executor.order] == [1, 1, 2, 2, 0, 0]
