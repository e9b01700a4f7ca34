"""What a stage of the ensemble and the distance measurement share: one phase over all models, batch by batch."""

import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from thinice_tui.engine.phases.context import RunContext
from thinice_tui.engine.phases.outcomes import batches_left
from thinice_tui.engine.worker.tasks import BatchTask
from thinice_tui.protocol.durations import duration
from thinice_tui.protocol.progress import StageResult
from thinice_tui.runfile.records import BatchOutcome

Task = TypeVar("Task", bound=BatchTask)


@dataclass
class ModelProgress:
    """One phase for one model: the samples that enter it, and the batches that are still to be done."""

    model: int
    entered: int
    """Samples that enter the phase."""
    batches: dict[int, NDArray[np.int64]]
    """Positions [b] of the batches to be done, by the place of their first sample among those that enter."""
    seconds: float = 0.0
    """Worked on it by this engine."""

    @property
    def done(self) -> int:
        """Samples that are done."""
        return self.entered - sum(len(positions) for positions in self.batches.values())


@dataclass(frozen=True)
class _Computed:
    """A batch of a model whose outcome was handed to the writer."""

    progress: ModelProgress
    first: int
    broken: int
    seconds: float


class BatchPhase(ABC, Generic[Task]):
    """Computes a phase for all models, a batch of each in turn, so that flips are known from the first batches on."""

    def __init__(self, run: RunContext, ordinal: int, name: str, final: bool) -> None:
        """ordinal: its number among the run's phases; final: whether its robust accuracy is the run's last number."""
        self.run, self.ordinal, self._name, self._final = run, ordinal, name, final
        self._told_time = False
        self._unwritten: deque[_Computed] = deque()
        """Batches that were computed and are not yet known to be in the run file."""
        self._written_before = 0

    @abstractmethod
    def entering(self, model: int) -> NDArray[np.bool_]:
        """Bool [n]: the samples that this phase computes."""

    @abstractmethod
    def task(self, progress: ModelProgress, first: int) -> Task:
        """The task of the batch that begins at that place."""

    @abstractmethod
    def keep(self, task: Task, outcome: BatchOutcome) -> None:
        """Take up a batch's outcome and add it to the run file."""

    def compute(self) -> None:
        """Compute what is missing. Batches may be of another size than those that are done."""
        run = self.run
        each = [self._begin(model) for model in run.outcomes.models]
        entered, done = sum(one.entered for one in each), sum(one.done for one in each)
        run.progress.start_stage(self.ordinal, entered, done, *run.outcomes.counts())
        for progress in each:
            self._finish_if_done(progress)
        paused, self._written_before = run.run_control.paused, run.writer.batches_written
        for task, outcome in run.executor.run(self._tasks(each)):
            worked, paused = outcome.seconds - run.run_control.paused + paused, run.run_control.paused
            self.keep(task, replace(outcome, seconds=worked))
            run.progress.batch_computed(len(task.positions))
            self._unwritten.append(_Computed(each[task.model], task.first, int(outcome.broken.sum()), worked))
            if run.run_control.must_end():
                run.writer.drain()
            self._count_written()
            run.run_control.end_if_asked()
        run.writer.drain()
        self._count_written()

    def _count_written(self) -> None:
        """Count the batches that are in the run file by now as done."""
        written = self.run.writer.batches_written - self._written_before
        self._written_before += written
        for _ in range(written):
            batch = self._unwritten.popleft()
            progress = batch.progress
            progress.seconds += batch.seconds
            samples = len(progress.batches.pop(batch.first))
            self.run.progress.batch_written(samples, batch.broken)
            self._finish_if_done(progress)
            self._tell_time()

    def _begin(self, model: int) -> ModelProgress:
        entering = np.flatnonzero(self.entering(model))
        done = self.run.writer.batches_done(model, self.ordinal)
        self.run.writer.start_stage(model, self.ordinal, len(entering))
        return ModelProgress(model, len(entering), batches_left(entering, done, self.run.batch_size))

    def _tasks(self, each: Sequence[ModelProgress]) -> Iterator[Task]:
        """Tasks, a batch of each model in turn; the images of the next one are read while one is computed."""
        turns = itertools.zip_longest(*(tuple(progress.batches) for progress in each))
        order = [
            (progress, first) for turn in turns for progress, first in zip(each, turn, strict=True) if first is not None
        ]
        for (progress, first), following in itertools.zip_longest(order, order[1:]):
            self.run.progress.start_batch(progress.model, len(progress.batches[first]))
            task = self.task(progress, first)
            if following is not None:
                after, then = following
                self.run.samples.read_ahead(after.batches[then])
            yield task

    def _finish_if_done(self, progress: ModelProgress) -> None:
        if progress.batches:
            return
        run, model = self.run, progress.model
        run.writer.finish_stage(model, self.ordinal)
        if progress.entered and not progress.seconds:
            return  # finished by an earlier engine
        run.observer.stage_finished(
            StageResult(
                model=run.names[model],
                stage=self._name,
                entered=progress.entered,
                broken=run.outcomes.broken_by(model, self.ordinal),
                robust_accuracy=float(run.outcomes.standing(model, self.ordinal + 1).mean()),
                seconds=progress.seconds,
                final=self._final,
            )
        )

    def _tell_time(self) -> None:
        """Note once how long the run can take, when the first batch has shown how fast it goes."""
        progress = self.run.progress
        if self._told_time or progress.seconds_left is None:
            return
        self._told_time = True
        expected = progress.seconds_expected
        about = "" if expected is None else f"about {duration(expected)} more, "
        self.run.observer.note(f"{about}at most {duration(progress.seconds_left)}, as if nothing else broke")
