"""The sets of all models: in a finished run the ladder of the report, and in one that goes on what is known so far."""

from pathlib import Path

import numpy as np

from tests.analysis.runs_of_models import analysed
from tests.places import SAMPLE_MODELS
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.ladder import ladder_of
from thinice_tui.analysis.live_sets import live_sets
from thinice_tui.analysis.model_sets import (
    ModelSets,
    models_by_sparsity,
    percent_pruned,
    pruned_by_sparsity,
    short_names,
)
from thinice_tui.runfile.reader import read_run


def test_in_a_finished_run_samples_fall_where_the_ladder_says() -> None:
    run = read_run(SAMPLE_MODELS / "standard.thinice")
    ladder, sets = ladder_of(analyse(run)), ModelSets(run)
    assert ladder is not None
    assert [run.models[number].record.name for number in sets.rungs] == ["pruned-90", "pruned", "pruned-99"]
    assert [percent_pruned(run, number) for number in sets.rungs] == [90.0, 95.0, 99.0]
    for rung, percent in enumerate((90.0, 95.0, 99.0)):
        assert np.array_equal(sets.falls_at == percent, ladder.falls_at == rung)
    assert np.array_equal(np.isnan(sets.falls_at), ladder.falls_at < 0)
    assert sets.falls_at.dtype == np.float32


def test_the_sets_are_computed_once_a_model() -> None:
    run = read_run(SAMPLE_MODELS / "standard.thinice")
    sets = ModelSets(run)
    for number, model in enumerate(run.models):
        assert np.array_equal(sets.codes(number), live_sets(run, model))
        assert sets.codes(number) is sets.codes(number)


def test_while_a_run_goes_on_samples_that_are_not_decided_have_not_fallen(tmp_path: Path) -> None:
    run = analysed(tmp_path, through=0).run
    assert np.isnan(ModelSets(run).falls_at).all()


def test_without_a_pruned_model_nothing_falls(tmp_path: Path) -> None:
    run = analysed(tmp_path, {"dense": "dense", "again": "control", "twice": "control"}).run
    assert pruned_by_sparsity(run) == () and np.isnan(ModelSets(run).falls_at).all()


def test_models_are_called_by_their_sparsity_where_that_tells_them_apart(tmp_path: Path) -> None:
    run = read_run(SAMPLE_MODELS / "standard.thinice")
    assert [short_names(run)[number] for number in models_by_sparsity(run)] == ["dense", "90%", "95%", "99%", "control"]
    alike = analysed(tmp_path).run
    assert list(short_names(alike).values()) == ["dense", "half", "tenth", "again"]
