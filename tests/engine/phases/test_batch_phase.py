"""Progress of one phase for one model."""

import numpy as np

from thinice_tui.engine.phases.batch_phase import ModelProgress


def test_samples_are_done_with_their_batch() -> None:
    progress = ModelProgress(model=0, entered=19, batches={0: np.arange(8), 16: np.arange(16, 19)})
    assert progress.done == 8
    del progress.batches[16]
    assert progress.done == 11
