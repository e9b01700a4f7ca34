"""Which batch is next, with several at the same time: nothing waits that need not, and what must wait does."""

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import Files
from thinice_tui.data.samples import Samples
from thinice_tui.engine.phases.batch_phase import ModelProgress
from thinice_tui.engine.phases.schedule import Schedule
from thinice_tui.engine.worker.attack import AttackTask
from thinice_tui.engine.worker.executor import Done, LocalExecutor
from thinice_tui.engine.worker.tasks import BatchTask, Task
from thinice_tui.errors import WorkerError
from thinice_tui.protocol.progress import Heartbeat, StageResult
from thinice_tui.protocol.settings import Settings
from thinice_tui.runfile.write_queue import WAITING
from thinice_tui.runfile.writer import RunWriter

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
    forwards: int = 0


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
        self.names = [f"m{model}" for model in self.models]
        self.run_control = self.progress = self.writer = self.samples = self
        self.batches_written = 0
        self.seconds_left = None

    def is_ending(self, kept: bool) -> bool:  # noqa: ARG002
        return False

    def end_if_asked(self, kept: bool) -> None: ...

    def start_batch(self, key: int, model: int, samples: int) -> None: ...

    def batch_computed(self, key: int, images: int) -> None:  # noqa: ARG002
        self.batches_written += 1

    def batch_written(self, key: int, broken: int) -> None: ...

    def drain(self) -> None: ...

    def read_ahead(self, positions: NDArray[np.int64]) -> None: ...

    def work_left(self, model: int) -> float:
        return self._left.get(model, 0.0)


class EndsEarly(Executor):
    """Loses what it holds after its first result, as one that gave up a lost worker's batch would."""

    def run(self, next_task: Callable[[], Any]) -> Iterator[Any]:
        yield next(iter(super().run(next_task)))


def compute(executor: Executor, phases: list[Phase], left: dict[int, float] | None = None) -> None:
    Schedule(Everything(executor, left), phases).compute()  # type: ignore[arg-type]


@pytest.mark.parametrize("places", [1, 2])
def test_what_is_left_undone_for_no_reason_is_an_error(places: int) -> None:
    """Else the run would be marked as finished, with the accuracies of fewer stages."""
    with pytest.raises(WorkerError, match="m0, m1, m2: not everything was computed"):
        compute(EndsEarly(places, lambda _: 0), [Phase(0, (2, 2, 2)), Phase(1, (1, 1, 1))])


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


class Comparing(StopAfter):
    """Compares what is said to be done with what the file holds."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.beyond = list[float]()
        """Samples that are reported as done and not in the file, the batch in flight included."""

    def _written(self, stage: str) -> int:
        with closing(sqlite3.connect(self.path)) as connection:
            query = "SELECT coalesce(sum(samples), 0) FROM batch JOIN stage USING (model, ordinal) WHERE name = ?"
            return int(connection.execute(query, (stage,)).fetchone()[0])

    def progress(self, beat: Heartbeat) -> None:
        super().progress(beat)
        self.beyond.append(beat.done - self._written(beat.stage))

    def stage_finished(self, result: StageResult) -> None:
        super().stage_finished(result)
        assert self._written(result.stage) >= result.entered, "a stage is finished when it is in the file"


def test_with_a_slow_writer_progress_is_what_is_written_and_goes_up(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_it(request(files, tmp_path / "whole.thinice"))
    write = RunWriter._write_batch

    def slowly(self: RunWriter, *arguments: object) -> None:
        time.sleep(0.05)
        write(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(RunWriter, "_write_batch", slowly)
    observer = Comparing(tmp_path / "slow.thinice")
    slow = run_it(request(files, observer.path), observer)
    assert_same_outcomes(slow, whole)
    assert max(observer.beyond) <= 8, "the batch in flight alone"
    for _, beats in itertools.groupby(observer.seen, lambda beat: beat.stage):
        done = [beat.done for beat in beats]
        assert done == sorted(done)


def test_no_more_batches_wait_than_a_crash_may_lose(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch is computed, its outcome waits, and the next one begins: at most that far ahead of the file."""
    write, computed, written, ahead = RunWriter._write_batch, [0], [0], list[int]()
    run = LocalExecutor.run

    def slowly(self: RunWriter, *arguments: object) -> None:
        time.sleep(0.2)
        write(self, *arguments)  # type: ignore[arg-type]
        written[0] += 1

    def counting(self: LocalExecutor, next_task: Callable[[], Task[Any] | None]) -> Iterator[Done[Any]]:
        for found in run(self, next_task):
            if isinstance(found.task, AttackTask):
                ahead.append(computed[0] - written[0])
                computed[0] += 1
            yield found

    monkeypatch.setattr(RunWriter, "_write_batch", slowly)
    monkeypatch.setattr(LocalExecutor, "run", counting)
    settings = Settings.build("Linf", "4/255", "pgd-3", batch_size="8")
    run_it(request(files, tmp_path / "a.thinice", settings=settings))
    assert max(ahead) == WAITING


def test_the_images_of_the_next_batch_are_read_ahead(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, read = list[tuple[str, tuple[int, ...]]](), Samples.floats

    def ahead(self: Samples, positions: NDArray[np.int64]) -> None:  # noqa: ARG001
        told.append(("ahead", tuple(positions.tolist())))

    def floats(self: Samples, positions: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.float32]:
        if isinstance(positions, np.ndarray):
            told.append(("read", tuple(positions.tolist())))
        return read(self, positions)

    monkeypatch.setattr(Samples, "read_ahead", ahead)
    monkeypatch.setattr(Samples, "floats", floats)
    run_it(request(files, tmp_path / "a.thinice"))
    announced = [at for at, (what, _) in enumerate(told) if what == "ahead"]
    assert len(announced) > 10
    next_read = sum(told[at + 1] == ("read", told[at][1]) for at in announced)
    assert next_read > 0.9 * len(announced), (
        "nearly always what is read next; where phases end, another model may begin"
    )
    assert all(("read", told[at][1]) in told[at:] for at in announced), "and nothing is read in vain"
