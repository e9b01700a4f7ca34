"""The outcomes of a run while it is computed, from a small run file."""

from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import MadeRun, make_run
from thinice_tui.engine.phases.outcomes import Outcomes, batches, batches_left
from thinice_tui.runfile.records import BatchOutcome

CLASSES = 5


@pytest.fixture
def made(tmp_path: Path) -> MadeRun:
    return make_run(tmp_path / "a.thinice", {"dense": "dense", "pruned": "pruned"}, n=40)


def read(made: MadeRun, through: int) -> Outcomes:
    """What the run file holds after the clean pass and that many stages."""
    with made.open() as writer:
        made.begin(writer)
        for model in range(2):
            made.clean(writer, model)
            for ordinal in range(through):
                made.attack(writer, model, ordinal)
        return Outcomes(writer, 2, made.labels, CLASSES)


def test_what_a_run_file_holds_is_read_back_with_its_stages(made: MadeRun) -> None:
    outcomes = read(made, through=2)
    for model in outcomes.models:
        margins = made.margins[model]
        assert np.array_equal(outcomes.correct(model), margins > 0)
        assert np.array_equal(outcomes.standing(model), margins >= 1.0)
        assert np.array_equal(outcomes.standing(model, before=1), margins >= 0.5)
        assert np.array_equal(outcomes.standing(model, before=0), margins > 0)
        assert outcomes.broken_by(model, 1) == ((margins >= 0.5) & (margins < 1.0)).sum()
    standing, correct = outcomes.counts()
    assert standing == sum(int((m >= 1.0).sum()) for m in made.margins)
    assert correct == sum(int((m > 0).sum()) for m in made.margins)


def test_flips_are_what_dense_and_another_model_judge_differently(made: MadeRun) -> None:
    outcomes = read(made, through=3)
    dense, pruned = (set(np.flatnonzero(margins >= 1.5).tolist()) for margins in made.margins)
    assert outcomes.flips() == {0: dense ^ pruned, 1: dense ^ pruned} and dense != pruned


def outcome(logits: list[list[float]], broken: list[bool]) -> BatchOutcome:
    n = len(logits)
    return BatchOutcome(
        positions=np.arange(n),
        logits=np.array(logits, np.float32),
        broken=np.array(broken),
        distances=np.zeros(n),
        images=np.zeros((n, 3, 8, 8), np.float32),
        boundary=None,
        forwards=n,
        backwards=n,
        seconds=0.0,
    )


def test_the_lowest_margins_are_kept_and_never_nan(made: MadeRun) -> None:
    """Labels of the first three samples are 0, 1 and 2."""
    outcomes = read(made, through=0)
    nan = float("nan")
    first = outcome([[3, 1, 0, 0, 0], [0, 2, 1, 0, 0], [nan, nan, nan, nan, nan]], [False, False, False])
    assert outcomes.add(0, 0, first).tolist() == [True, True, False], "the first finite margins"
    second = outcome([[2, 1, 0, 0, 0], [0, 3, 1, 0, 0], [4, 0, 1, 0, 0]], [False, False, True])
    assert outcomes.add(0, 1, second).tolist() == [True, False, True], "a lower margin, a higher one, a broken sample"
    assert outcomes.broken_by(0, 1) == 1 and not outcomes.standing(0)[2]


def test_batches_are_whole_but_the_last() -> None:
    assert [batch.tolist() for batch in batches(np.arange(5), 2)] == [[0, 1], [2, 3], [4]]
    assert list(batches(np.arange(0), 2)) == []


def test_what_is_left_is_cut_into_batches_between_those_that_are_done() -> None:
    positions = np.arange(100, 120)
    left = batches_left(positions, {0: 3, 8: 4}, 4)
    assert {first: batch.tolist() for first, batch in left.items()} == {
        3: [103, 104, 105, 106],
        7: [107],
        12: [112, 113, 114, 115],
        16: [116, 117, 118, 119],
    }
    assert batches_left(positions, {0: 20}, 4) == {} == batches_left(positions[:0], {}, 4)
    assert list(batches_left(positions, {}, 50)) == [0]
