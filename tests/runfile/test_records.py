"""Records: a part of a run's samples, two readings compared, and batches joined."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.fake_runs import attacked, write_run
from tests.runfile.small_runs import IMAGES, LABELS, logits
from thinice_tui.runfile.records import joined, same_outcomes


def test_a_run_of_some_samples_has_their_outcomes(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=20)
    some = np.array([3, 11])
    part = run.only(some)
    assert part.labels.tolist() == run.labels[some].tolist() and part.indices.tolist() == [9, 33]
    for before, after in zip(run.models, part.models, strict=True):
        assert after.record is before.record and after.stages is before.stages
        assert np.array_equal(after.clean_margin, before.clean_margin[some])
        assert np.array_equal(after.broken_by, before.broken_by[some])
    assert not run.alone and replace(run, models=run.models[:1]).alone


def test_two_readings_are_the_same_until_an_outcome_changes(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=20, through=2)
    assert same_outcomes(run, replace(run, heartbeat=None))
    dense = run.models[0]
    for other in (
        replace(dense, worst_margin=dense.worst_margin.copy()),
        replace(dense, stages=(replace(dense.stages[0], finished=False), *dense.stages[1:])),
        replace(dense, stages=(replace(dense.stages[0], batches=frozenset()), *dense.stages[1:])),
    ):
        assert not same_outcomes(run, replace(run, models=(other, *run.models[1:])))
    assert not same_outcomes(run, replace(run, info=replace(run.info, finished=1.0)))


def test_joined_parts_are_the_whole_batch() -> None:
    whole = attacked(np.arange(8), logits(), LABELS, np.arange(8) % 2 == 0, IMAGES)
    parts = [attacked(p, logits(), LABELS, p % 2 == 0, IMAGES) for p in (np.arange(3), np.arange(3, 8))]
    found = joined(parts)
    for name in ("positions", "logits", "broken", "distances", "images"):
        assert np.array_equal(getattr(found, name), getattr(whole, name))
    assert found.boundary is None and found.forwards == whole.forwards and found.backwards == whole.backwards
    assert found.seconds == sum(part.seconds for part in parts)
    measured = joined([replace(part, boundary=np.zeros(len(part.positions))) for part in parts])
    assert measured.boundary is not None and len(measured.boundary) == 8
