"""The distance measurement: the distance to the decision boundary of every sample that is correct without attack."""

import numpy as np
from numpy.typing import NDArray

from thinice_tui.engine.phases.batch_phase import BatchPhase
from thinice_tui.engine.phases.context import RunContext
from thinice_tui.engine.worker.distance import DistanceTask
from thinice_tui.protocol.distance import DistanceMeasurement
from thinice_tui.runfile.records import BatchOutcome


class DistancePhase(BatchPhase[DistanceTask]):
    """The measurement for all models, after the stages; it changes no verdict and no worst image."""

    def __init__(self, run: RunContext, ordinal: int, measurement: DistanceMeasurement, final: bool) -> None:
        super().__init__(run, ordinal, measurement.name, final)
        self._measurement = measurement

    def entering(self, model: int) -> NDArray[np.bool_]:
        """Bool [n]: samples that are correct on the clean image, broken or not."""
        return self.run.outcomes.correct(model)

    def task(self, model: int, first: int, positions: NDArray[np.int64]) -> DistanceTask:
        images = self.run.samples.floats(positions)
        return DistanceTask(
            model=model,
            measurement=self._measurement,
            first=first,
            positions=positions,
            indices=self.run.samples.indices[positions],
            images=images,
            labels=self.run.outcomes.labels[positions],
            batch_capacity=self.run.batch_size,
            standing=self.run.outcomes.standing(model)[positions],
            adversarial=self.run.writer.adversarial(model, positions, images),
        )

    def keep(self, task: DistanceTask, outcome: BatchOutcome) -> None:
        """Write the distances; the images may be outside eps, and none is kept."""
        images = task.images if self.run.stores_images else None
        self.run.writer.add_batch(task.model, self.ordinal, task.first, outcome, outcome.broken, images)
