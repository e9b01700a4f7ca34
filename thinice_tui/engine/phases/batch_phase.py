"""What a stage of the ensemble and the distance measurement share: a phase that is computed batch by batch."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from thinice_tui.engine.phases.context import RunContext
from thinice_tui.engine.phases.outcomes import batches_left
from thinice_tui.engine.worker.tasks import BatchTask
from thinice_tui.protocol.progress import StageResult
from thinice_tui.runfile.records import BatchOutcome

Batch = TypeVar("Batch", bound=BatchTask)


@dataclass
class ModelProgress:
    """One phase for one model: the samples that enter it, and the batches that are not done."""

    model: int
    ordinal: int
    entered: int
    """Samples that enter the phase."""
    waiting: dict[int, NDArray[np.int64]]
    """Positions [b] of the batches that have not begun, by the place of their first sample among those that enter."""
    begun: int = 0
    """Batches that are being computed."""
    unwritten: int = 0
    """Batches that are computed and not known to be in the run file."""
    handed_out: int = 0
    """Batches that have begun so far."""
    seconds: float = 0.0
    """Worked on it by this engine."""

    @property
    def finished(self) -> bool:
        """Whether every batch is done and in the run file."""
        return not (self.waiting or self.begun or self.unwritten)


class BatchPhase(ABC, Generic[Batch]):
    """One phase of the run, for every model."""

    waits_for_all = False
    """Whether it begins only when all models are done with the phases before it."""

    def __init__(self, run: RunContext, ordinal: int, name: str, final: bool) -> None:
        """ordinal: its number among the run's phases; final: whether its robust accuracy is the run's last number."""
        self.run, self.ordinal, self._name, self._final = run, ordinal, name, final

    @abstractmethod
    def entering(self, model: int) -> NDArray[np.bool_]:
        """Bool [n]: the samples that this phase computes."""

    @abstractmethod
    def task(self, model: int, first: int, positions: NDArray[np.int64]) -> Batch:
        """The task of the batch of samples at `positions` [b], the first of which is at the place `first`."""

    @abstractmethod
    def keep(self, task: Batch, outcome: BatchOutcome) -> None:
        """Take up a batch's outcome and add it to the run file."""

    def begin(self, model: int) -> ModelProgress:
        """Begin it for a model. Batches may be of another size than those that an earlier engine has done."""
        run = self.run
        entering = np.flatnonzero(self.entering(model))
        run.writer.start_stage(model, self.ordinal, len(entering))
        left = batches_left(entering, run.writer.batches_done(model, self.ordinal), run.batch_size)
        done = len(entering) - sum(map(len, left.values()))
        standing, correct = int(run.outcomes.standing(model).sum()), int(run.outcomes.correct(model).sum())
        run.progress.start_stage(model, self.ordinal, len(entering), done, standing, correct)
        return ModelProgress(model, self.ordinal, len(entering), left)

    def finish(self, progress: ModelProgress) -> None:
        """Every batch of that model is done."""
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
