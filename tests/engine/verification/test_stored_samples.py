"""The samples that a run file holds: images on demand, and the checksum of the data that was read."""

from pathlib import Path

import numpy as np

from tests.linear_models import as_uint8, make_task
from thinice_tui.engine.verification.stored_samples import stored_samples
from thinice_tui.runfile.reader import read_run


def test_they_are_the_runs_own(run_file: Path) -> None:
    run, task = read_run(run_file), make_task()
    samples = stored_samples(run)
    assert samples.fingerprint == run.info.data.sha256 and len(samples) == len(samples.images) == 48
    assert np.array_equal(samples.images[np.array([5, 3])], as_uint8(task.images)[[5, 3]])
    assert np.array_equal(samples.floats(slice(2, 4)), task.images[2:4])
    assert samples.images[slice(0, 0)].shape == (0, 3, 8, 8)
