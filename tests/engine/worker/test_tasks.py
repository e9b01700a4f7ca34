"""Tasks of a worker: batches cut in halves."""

import numpy as np

from thinice_tui.engine.worker.distance import DistanceTask
from thinice_tui.protocol.distance import DistanceMeasurement


def test_halves_have_all_samples_in_their_order() -> None:
    n = 5
    task = DistanceTask(
        model=1,
        measurement=DistanceMeasurement(),
        first=3,
        positions=np.arange(10, 10 + n),
        indices=np.arange(90, 90 + n),
        images=np.random.default_rng(0).random((n, 1, 2, 2), dtype=np.float32),
        labels=np.arange(n),
        batch_capacity=8,
        standing=np.arange(n) % 2 == 0,
        adversarial=np.zeros((n, 1, 2, 2), np.float32),
    )
    first, second = task.smaller()
    for name in ("positions", "indices", "images", "labels", "standing", "adversarial"):
        joined = np.concatenate([getattr(first, name), getattr(second, name)])
        assert np.array_equal(joined, getattr(task, name)), name
    assert (first.batch_capacity, second.batch_capacity) == (2, 3) and first.name == task.name == "Distance"
