"""The CSV report: one row a sample, every model's columns, and the numbers of the other formats."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import write_run
from tests.report.rendering import MODELS
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.query.fields import NameField, NumberField
from thinice_tui.report.json_report import json_report
from thinice_tui.report.sample_columns import sample_fields, samples_csv, values

NAMES = ["cat", 'a "dog", or not', "=1+1", "<script>", "猫"]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("through", [3, 1, 0])
def test_a_row_says_of_a_sample_what_the_json_report_says(through: int, tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", MODELS, n=60, class_names=NAMES, through=through))
    run = analysis.run
    found = rows_of(samples_csv(run, np.arange(60), {"seed": 3}))
    samples = json_report(analysis, samples=True)["samples"]
    assert len(found) == len(samples) == 60 and json.loads(found[0]["run"]) == {"seed": 3}
    assert {row["run"] for row in found[1:]} == {""}
    for row, sample in zip(found, samples, strict=True):
        assert (int(row["sample"]), int(row["label"])) == (sample["index"], sample["label"])
        assert row["class"] == NAMES[sample["label"]]
        for name, told in sample["models"].items():
            assert row[f"prediction@{name}"] == NAMES[told["prediction"]]
            assert np.float32(row[f"margin@{name}"]) == np.float32(told["margin"]), "no digit is lost"
            assert row[f"broken_by@{name}"] == (told["broken_by"] or "")
            assert row[f"lost@{name}"] == ("no" if told["standing"] else "yes")
            assert row[f"distance@{name}"] == ("" if told["distance"] is None else str(told["distance"]))


def test_the_sets_are_those_of_the_analysis(tmp_path: Path) -> None:
    analysis = analyse(write_run(tmp_path / "a.thinice", MODELS))
    found = rows_of(samples_csv(analysis.run, np.arange(200), {}))
    for comparison in analysis.comparisons:
        name = comparison.other.record.name
        for column, sets in (("set", comparison.sets), ("clean_set", comparison.clean_sets)):
            for code, count in sets.counts().items():
                assert sum(row[f"{column}@{name}"] == code for row in found) == count
    assert not any("set@dense" in key for key in found[0])


def test_distances_are_columns_where_they_were_searched_for(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=5)
    assert not any("boundary" in name for name in sample_fields(run))


def test_a_value_that_is_not_known_is_none() -> None:
    order = np.array([2, 0, 1])
    assert values(NumberField(np.array([1.5, np.nan, np.inf])), order) == [None, 1.5, None]
    assert values(NameField(np.array([0, -1, 1]), ("a", "b")), order) == ["b", "a", None]


def test_tags_are_a_column_where_there_are_any(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=4)
    assert "tags" not in sample_fields(run)
    tagged = replace(run, tags={int(run.indices[2]): ("dark", "odd")})
    assert [row["tags"] for row in rows_of(samples_csv(tagged, np.arange(4), {}))] == ["", "", "dark odd", ""]
