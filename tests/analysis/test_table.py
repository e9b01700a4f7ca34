"""The columns of the sample table."""

import gc
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import KINDS, write_run
from tests.places import SAMPLE_MODELS
from tests.several_runs import repeated, seed_run
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.query.complete import complete
from thinice_tui.analysis.query.fields import NameField, NumberField
from thinice_tui.analysis.query.parse import matches
from thinice_tui.analysis.query.tokens import QueryError
from thinice_tui.analysis.several.fates import fates_of
from thinice_tui.analysis.table import (
    COLUMNS,
    DEFAULT_COLUMNS,
    OF_DENSE,
    TAG,
    SampleTable,
    columns_of,
    columns_of_ladder,
    columns_shown,
    has_ladder,
    ladder_columns,
    with_lost_in,
    with_tags,
)
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Role, Run

MODELS: dict[str, Role] = {"dense": "dense", "half": "pruned", "again": "control"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("table") / "a.thinice", MODELS)


def test_broken_by_tells_clean_mistakes_from_attacks(run: Run) -> None:
    table = SampleTable(run, run.models[1], "clean")
    field = table.fields["broken_by"]
    assert not isinstance(field, NumberField)
    said = [field.names[code] if code >= 0 else None for code in field.codes]
    for position, words in enumerate(said):
        model = run.models[1]
        if model.clean_prediction[position] != run.labels[position]:
            assert words == "clean"
        else:
            ordinal = model.broken_by[position]
            assert words == (run.models[0].stages[ordinal].name if ordinal >= 0 else None)


def test_every_default_column_is_one_and_every_field_has_a_value_for_each_sample(run: Run) -> None:
    assert set(DEFAULT_COLUMNS) <= set(COLUMNS)
    fields = SampleTable(run, run.models[1], "clean").fields
    assert set(fields) == {*COLUMNS, "dense_holds", "set@half", "set@again", "falls_at"} - {"lost_in"}
    for field in fields.values():
        values = field.values if isinstance(field, NumberField) else field.codes
        assert values.shape == (200,)
        if not isinstance(field, NumberField):
            assert field.codes.max() < len(field.names)


def test_an_old_table_is_freed_without_a_collection(run: Run) -> None:
    table = SampleTable(run, run.models[1], "clean")
    assert matches("set=S10 broken_by=clean,PGD-20", table.fields).any()
    gc.disable()
    try:
        gone = weakref.ref(table)
        del table
        assert gone() is None
    finally:
        gc.enable()


def test_where_dense_is_alone_its_own_columns_take_the_place_of_the_others(tmp_path: Path) -> None:
    alone = write_run(tmp_path / "a.thinice", {"dense": "dense"}, n=20)
    assert set(columns_of(alone)) == set(COLUMNS) - {*OF_DENSE, "set", "lost_in", TAG}
    assert columns_shown(alone, ("sample", "pruned", "dense", "broken_by", "set")) == (
        "sample",
        "dense",
        "dense_broken_by",
    )
    assert columns_shown(alone, ("set", "unknown")) == ("margin",), "there is always one"
    table = SampleTable(alone, alone.models[0], "clean")
    assert table.compared == alone.models and set(table.fields) == {*columns_of(alone), TAG}


def test_tags_are_a_column_where_there_are_any(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"}, n=20)
    assert TAG not in columns_of(run) and with_tags(run, ("sample", "label")) == ("sample", "label")
    assert matches("tag=none", SampleTable(run, run.models[1], "clean").fields).all()
    tagged = replace(run, tags={3: ("odd",), 9: ("dark", "odd"), 1000: ("gone",)})
    assert TAG in columns_of(tagged)
    assert with_tags(tagged, ("sample", "label")) == ("sample", TAG, "label")
    fields = SampleTable(tagged, tagged.models[1], "clean").fields
    asked = {"tag=odd": [1, 3], "tag=dark": [3], "tag~d": [1, 3], "tag=da*": [3], "tag=dark tag=odd": [3]}
    for query, positions in asked.items():
        assert np.flatnonzero(matches(query, fields)).tolist() == positions, query
    assert matches("tag!=odd", fields).sum() == 18 == matches("tag=none", fields).sum()
    with pytest.raises(QueryError, match="did you mean odd"):
        matches("tag=oddd", fields)
    assert [one.text for one in complete("tag=", 4, fields)] == ["dark", "odd", "gone"]


def test_one_other_model_needs_no_name_in_the_filter(tmp_path: Path) -> None:
    two = write_run(tmp_path / "a.thinice", {"dense": "dense", "half": "pruned"}, n=20)
    assert not has_ladder(two) and set(SampleTable(two, two.models[1], "clean").fields) == set(COLUMNS) - {"lost_in"}


def test_several_training_seeds_add_a_column(tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(10)]
    for seeds in (2, 5, 10):
        fates = fates_of(runs[:seeds])
        table = SampleTable(runs[0], runs[0].models[1], "clean", fates=fates)
        assert table.columns["lost_in"].unit == f" of {seeds}"
        field = table.fields["lost_in"]
        assert isinstance(field, NumberField) and np.array_equal(field.values, fates.times_lost("half"))
        shown = with_lost_in(DEFAULT_COLUMNS)
        assert columns_shown(runs[0], shown, seeds) == shown == (*DEFAULT_COLUMNS[:-1], "lost_in", "broken_by")
        assert with_lost_in(("label",)) == ("label", "lost_in") == with_lost_in(("label", "lost_in"))
        assert "lost_in" in columns_shown(runs[0], columns_of_ladder(runs[0]), seeds)
    repeats = SampleTable(runs[0], runs[0].models[1], "clean", fates=fates_of([runs[0], repeated(runs[0], 9)]))
    assert (
        "lost_in" not in repeats.columns
        and np.isnan(SampleTable(runs[0], runs[0].models[1], "clean").times_lost()).all()
    )
    alone = [replace(run, models=run.models[:1]) for run in runs[:2]]
    assert "lost_in" not in SampleTable(alone[0], alone[0].models[0], "clean", fates=fates_of(alone)).columns


def test_the_sets_of_every_model_are_those_of_its_own_comparison(run: Run) -> None:
    fields = SampleTable(run, run.models[1], "clean").fields
    for model in run.models[1:]:
        field = fields[f"set@{model.record.name}"]
        assert isinstance(field, NameField)
        assert np.array_equal(field.codes, SampleTable(run, model, "clean").sets)
    holds = fields["dense_holds"]
    assert isinstance(holds, NameField)
    said = [holds.names[code] for code in holds.codes]
    assert said == ["yes" if held else "no" for held in robust_correct(run, run.models[0], len(KINDS))]


def test_the_ladder_shows_pruned_models_before_controls() -> None:
    run = read_run(SAMPLE_MODELS / "standard.thinice")
    shown = ladder_columns(replace(run, models=(run.models[0], *run.models[:0:-1])))
    assert [column.title for column in shown.values()] == ["dense", "90%", "95%", "99%", "control", "falls at"]
    assert [key for key, column in shown.items() if column.is_divided] == ["set@control"]
    assert set(columns_of_ladder(run)) >= {*shown, "sample", "margin"}


def test_classes_without_names_are_numbered(tmp_path: Path) -> None:
    unnamed = write_run(tmp_path / "a.thinice", MODELS, n=20, classes=3, class_names=["a", "b"])
    assert SampleTable(unnamed, unnamed.models[1], "clean").class_names == ("0", "1", "2")
