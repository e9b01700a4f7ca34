"""Progress of one phase for one model."""

import numpy as np

from thinice_tui.engine.phases.batch_phase import ModelProgress


def test_a_phase_is_finished_when_every_batch_is_in_the_file() -> None:
    progress = ModelProgress(model=0, ordinal=1, entered=19, waiting={16: np.arange(16, 19)})
    assert not progress.finished
    progress.waiting.pop(16)
    progress.begun = 1
    assert not progress.finished
    progress.begun, progress.unwritten = 0, 1
    assert not progress.finished
    progress.unwritten = 0
    assert progress.finished
