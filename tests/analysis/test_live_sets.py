"""The sets while a run goes on: decided once, and in the end those of the report."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from tests.analysis.moments import PAIRS, SIZES, STAGES, Moment, any_moment, moments
from tests.fake_runs import make_run, write_run
from tests.runfile.small_runs import database
from thinice_tui.analysis.comparison import analyse, compare
from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.analysis.live_sets import SET_NAMES, live_sets
from thinice_tui.analysis.rows import View, select_rows
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Role

MODELS: dict[str, Role] = {"dense": "dense", "half": "pruned", "again": "control"}


@settings(deadline=None)
@given(PAIRS, SIZES)
def test_the_sets_of_a_finished_run_are_those_of_its_comparison(pairs: list[tuple[int, int]], size: int) -> None:
    *_, end = moments(pairs, size)
    sets = compare(end.run, end.run.models[1], STAGES).sets
    for name, mask in zip(SETS, sets.masks(), strict=True):
        assert np.array_equal(end.names == name, mask)


@pytest.mark.parametrize("seed", range(3))
def test_the_sets_of_a_finished_run_file_are_those_of_its_report(seed: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, seed=seed)
    for other, comparison in zip((1, 2), analyse(run).comparisons, strict=True):
        counts = select_rows(run, View(other=other)).set_counts
        assert counts == comparison.sets.counts() | {"?": 0}


@settings(deadline=None)
@given(any_moment())
def test_each_sample_is_in_one_set_that_its_outcomes_allow(now: Moment) -> None:
    codes = live_sets(now.run, now.run.models[1])
    assert codes.dtype == np.int8 and codes.shape == now.run.labels.shape
    assert codes.min() >= 0 and codes.max() < len(SET_NAMES)
    dense, pruned = (model.lost() for model in now.models)
    assert not (dense & np.isin(now.names, ["S11", "S10"])).any()
    assert not (pruned & np.isin(now.names, ["S11", "S01"])).any()
    assert not (~dense & np.isin(now.names, ["S01", "S00"])).any()
    assert not (~pruned & np.isin(now.names, ["S10", "S00"])).any()
    known = now.models[0].known & now.models[1].known
    assert (now.names[~known] == "?").all()
    assert (now.names[dense & pruned & known] == "S00").all(), "what both have lost can become nothing else"


@settings(deadline=None)
@given(any_moment())
def test_a_loss_counts_once_the_other_model_withstood_that_stage(now: Moment) -> None:
    known = now.models[0].known & now.models[1].known
    for loser, holder, name in ((1, 0, "S10"), (0, 1, "S01")):
        alone = known & now.models[loser].lost() & ~now.models[holder].lost()
        stage = np.maximum(now.models[loser].fates, 0)  # a clean mistake counts with the first stage
        counts = stage < now.models[holder].through()
        assert (now.names[alone & counts] == name).all()
        assert (now.names[alone & ~counts] == "?").all()


@settings(deadline=None)
@given(any_moment())
def test_a_robust_sample_is_decided_only_after_a_first_stage_of_both_models(now: Moment) -> None:
    first, second = now.models
    standing = first.known & second.known & ~first.lost() & ~second.lost()
    both = np.minimum(first.through(), second.through()) > 0
    assert (now.names[standing & both] == "S11").all()
    assert (now.names[standing & ~both] == "?").all()


@settings(deadline=None)
@given(PAIRS, SIZES)
def test_before_a_first_batch_only_what_both_get_wrong_is_decided(pairs: list[tuple[int, int]], size: int) -> None:
    for now in moments(pairs, size):
        if any(model.through().any() or any(model.finished) for model in now.models):
            break
        assert set(now.names) <= {"?", "S00"}


@settings(deadline=None, max_examples=40)
@given(PAIRS, SIZES)
def test_a_decided_loss_stays_decided(pairs: list[tuple[int, int]], size: int) -> None:
    """As the run goes on, a sample leaves S10 and S01 for S00 alone, S00 never, and no set to be undecided again."""
    before = np.array(["?"] * len(pairs))
    for now in moments(pairs, size):
        assert (now.names[before == "S00"] == "S00").all()
        for name in ("S10", "S01"):
            assert np.isin(now.names[before == name], [name, "S00"]).all()
        before = now.names
    assert "?" not in before


def test_a_batch_may_claim_more_samples_than_there_are(tmp_path: Path) -> None:
    made = make_run(tmp_path / "a.thinice", MODELS, n=10)
    with made.open() as writer:
        made.begin(writer)
        for number in range(len(MODELS)):
            made.clean(writer, number)
            made.attack_batch(writer, number, 0, 0)
    with database(made.path) as connection:
        connection.execute("UPDATE batch SET samples = ?", (10**15,))
    run = read_run(made.path)
    attacked = run.models[0].clean_prediction == run.labels
    sets = live_sets(run, run.models[1])
    assert (sets[attacked] < len(SETS)).all(), "every sample that entered is in the one batch"
