"""What a stage of the ensemble and the distance measurement share: one phase over all models, batch by batch."""

import itertools
from abc import ABC, abstractmethod
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


class BatchPhase(ABC, Generic[Task]):
    """Computes a phase for all models, a batch of each in turn, so that flips are known from the first batches on."""

    def __init__(self, run: RunContext, ordinal: int, name: str, final: bool) -> None:
        """ordinal: its number among the run's phases; final: whether its robust accuracy is the run's last number."""
        self.run, self.ordinal, self._name, self._final = run, ordinal, name, final
        self._told_time = False

    @abstractmethod
    def entering(self, model: int) -> NDArray[np.bool_]:
        """Bool [n]: the samples that this phase computes."""

    @abstractmethod
    def task(self, progress: ModelProgress, first: int) -> Task:
        """The task of the batch that begins at that place."""

    @abstractmethod
    def keep(self, task: Task, outcome: BatchOutcome) -> None:
        """Take up a batch's outcome and write it."""

    def compute(self) -> None:
        """Compute what is missing. Batches may be of another size than those that are done."""
        run = self.run
        each = [self._begin(model) for model in run.outcomes.models]
        entered, done = sum(one.entered for one in each), sum(one.done for one in each)
        run.progress.start_stage(self.ordinal, entered, done, *run.outcomes.counts())
        for progress in each:
            self._finish_if_done(progress)
        paused = run.run_control.paused
        for task, outcome in run.executor.run(self._tasks(each)):
            worked, paused = outcome.seconds - run.run_control.paused + paused, run.run_control.paused
            self.keep(task, replace(outcome, seconds=worked))
            progress = each[task.model]
            progress.seconds += worked
            del progress.batches[task.first]
            run.progress.batch_done(len(task.positions), int(outcome.broken.sum()))
            self._finish_if_done(progress)
            self._tell_time()
            run.run_control.end_if_asked()

    def _begin(self, model: int) -> ModelProgress:
        entering = np.flatnonzero(self.entering(model))
        done = self.run.writer.batches_done(model, self.ordinal)
        self.run.writer.start_stage(model, self.ordinal, len(entering))
        return ModelProgress(model, len(entering), batches_left(entering, done, self.run.batch_size))

    def _tasks(self, each: Sequence[ModelProgress]) -> Iterator[Task]:
        for turn in itertools.zip_longest(*(tuple(progress.batches) for progress in each)):
            for progress, first in zip(each, turn, strict=True):
                if first is not None:
                    self.run.progress.start_batch(progress.model, len(progress.batches[first]))
                    yield self.task(progress, first)

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
