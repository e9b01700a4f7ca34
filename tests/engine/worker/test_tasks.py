"""Tasks of a worker: their seeds, and batches cut in halves."""

import numpy as np

from thinice_tui.engine.worker.tasks import DistanceTask, batch_seed
from thinice_tui.protocol.distance import DistanceMeasurement


def test_a_batchs_seed_depends_on_the_runs_seed_stage_and_batch() -> None:
    seeds = {batch_seed(s, stage, b) for s in (0, 1) for stage in ("APGD-CE", "FAB-T") for b in (0, 1)}
    assert len(seeds) == 8 and all(0 <= seed < 2**31 for seed in seeds)


def test_halves_have_all_samples_in_their_order_and_seeds_of_their_own() -> None:
    n = 5
    task = DistanceTask(
        model=1,
        measurement=DistanceMeasurement(),
        number=3,
        positions=np.arange(10, 10 + n),
        images=np.random.default_rng(0).random((n, 1, 2, 2), dtype=np.float32),
        labels=np.arange(n),
        batch_capacity=8,
        standing=np.arange(n) % 2 == 0,
        adversarial=np.zeros((n, 1, 2, 2), np.float32),
    )
    first, second = task.halves()
    for name in ("positions", "images", "labels", "standing", "adversarial"):
        joined = np.concatenate([getattr(first, name), getattr(second, name)])
        assert np.array_equal(joined, getattr(task, name)), name
    assert (first.batch_capacity, second.batch_capacity) == (2, 3) and first.name == task.name == "Distance"
    parts = [task, first, second, *second.halves()]
    assert len({part.seed(0) for part in parts}) == len(parts)
