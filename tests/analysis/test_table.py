"""The columns of the sample table."""

from pathlib import Path

import pytest

from tests.fake_runs import write_run
from thinice_tui.analysis.query.fields import NumberField
from thinice_tui.analysis.table import (
    COLUMNS,
    DEFAULT_COLUMNS,
    OF_DENSE,
    SampleTable,
    columns_of,
    columns_shown,
)
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
    assert set(fields) == set(COLUMNS)
    for field in fields.values():
        values = field.values if isinstance(field, NumberField) else field.codes
        assert values.shape == (200,)
        if not isinstance(field, NumberField):
            assert field.codes.max() < len(field.names)


def test_where_dense_is_alone_its_own_columns_take_the_place_of_the_others(tmp_path: Path) -> None:
    alone = write_run(tmp_path / "a.thinice", {"dense": "dense"}, n=20)
    assert set(columns_of(alone)) == set(COLUMNS) - {*OF_DENSE, "set"}
    assert columns_shown(alone, ("sample", "pruned", "dense", "broken_by", "set")) == (
        "sample",
        "dense",
        "dense_broken_by",
    )
    assert columns_shown(alone, ("set", "unknown")) == ("margin",), "there is always one"
    table = SampleTable(alone, alone.models[0], "clean")
    assert table.compared == alone.models and set(table.fields) == set(columns_of(alone))


def test_classes_without_names_are_numbered(tmp_path: Path) -> None:
    unnamed = write_run(tmp_path / "a.thinice", MODELS, n=20, classes=3, class_names=["a", "b"])
    assert SampleTable(unnamed, unnamed.models[1], "clean").class_names == ("0", "1", "2")
