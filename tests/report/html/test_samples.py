"""The data of the page's table."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import write_run
from tests.report.hostile import HOSTILE
from tests.report.rendering import MODELS, analysis_of
from thinice_tui.report.html import samples
from thinice_tui.report.html.samples import as_script, samples_data


def test_columns_hold_the_runs_values_lowest_margin_first(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    run = analysis.run
    data = json.loads(as_script(samples_data(run)))
    columns = {column["key"]: column for column in data["columns"]}
    assert list(columns) == ["sample", "label", "margin", "dense", "set1", "set2", "by1", "by2"]
    margins = columns["margin"]["numbers"]
    assert data["total"] == 200 and margins == sorted(margins) and len(margins) == 200
    counts = analysis.comparisons[0].sets.counts()
    words = [columns["set1"]["names"][code] for code in columns["set1"]["codes"]]
    for code, said in (("S10", "▼ lost"), ("S01", "▲ gained"), ("S11", "● held"), ("S00", "○ broken")):
        assert words.count(said) == counts[code]
    place = {index: at for at, index in enumerate(columns["sample"]["numbers"])}
    for position in range(0, 200, 17):
        at = place[int(run.indices[position])]
        assert columns["label"]["names"][columns["label"]["codes"][at]] == run.class_names[run.labels[position]]
        assert np.isclose(margins[at], run.models[0].clean_margin[position], rtol=1e-3)


def test_one_model_alone_has_no_sets(tmp_path: Path) -> None:
    data = samples_data(write_run(tmp_path / "a.thinice", {"dense": "dense"}, n=5))
    assert [column["key"] for column in data["columns"]] == ["sample", "label", "margin", "dense"]


def test_more_samples_than_the_table_holds_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "MOST", 7)
    data = samples_data(analysis_of(tmp_path).run)
    assert data["total"] == 200 and all(
        len(column.get("numbers", column.get("codes"))) == 7 for column in data["columns"]
    )


def test_margins_that_are_not_known_come_last(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=6)
    margins = run.models[0].clean_margin.copy()
    margins[:2] = np.nan
    data = samples_data(replace(run, models=(replace(run.models[0], clean_margin=margins), *run.models[1:])))
    assert data["columns"][2]["numbers"][-2:] == [None, None]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_string_ends_the_script(name: str) -> None:
    text = as_script({"name": name})
    assert json.loads(text) == {"name": name} and not set("<>&") & set(text) and text.isascii()
