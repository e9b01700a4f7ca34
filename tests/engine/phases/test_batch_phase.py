"""Progress of one phase for one model."""

import numpy as np

from thinice_tui.engine.phases.batch_phase import ModelProgress


def test_samples_are_done_with_their_batch() -> None:
    whole = [np.arange(8), np.arange(8, 16), np.arange(16, 19)]
    progress = ModelProgress(model=0, batches=whole, todo=[0, 2])
    assert (progress.entered, progress.done) == (19, 8)
    progress.todo.remove(2)
    assert progress.done == 11
