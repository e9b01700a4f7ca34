"""The pandas table: the numbers of the JSON report, what is unknown is missing."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import thinice_tui as ti
from tests.fake_runs import make_run, write_run
from thinice_tui.analysis.comparison import analyse
from thinice_tui.report.json_report import json_report
from thinice_tui.runfile.reader import read_run

PATH = Path("a.thinice")


def test_it_holds_what_the_json_report_holds() -> None:
    write_run(PATH, {"dense": "dense", "p": "pruned"}, n=60)
    run = ti.load_run(PATH)
    table, report = run.to_pandas(), json_report(analyse(read_run(PATH)), samples=True)
    assert table.index.name == "index" and table.index.tolist() == run.indices.tolist()
    assert table["label"].tolist() == [sample["label"] for sample in report["samples"]]
    for name in ("dense", "p"):
        for key in report["samples"][0]["models"][name]:
            said = [sample["models"][name][key] for sample in report["samples"]]
            found = [None if pd.isna(value) else value for value in table[f"{name}.{key}"]]
            assert found == said, key
    counts = {key: int(value) for key, value in table["p.set"].value_counts().items()}
    assert counts == {key: value for key, value in report["comparisons"][0]["sets"].items() if value}
    assert table.attrs["complete"] is True and table.attrs["settings"]["norm"] == "Linf"
    assert len(table.columns) == 1 + 2 * 8 + 1


def test_before_the_clean_pass_values_are_missing() -> None:
    made = make_run(PATH, {"dense": "dense", "p": "pruned"}, n=20)
    with made.open() as writer:
        made.begin(writer)
        table = ti.load_run(PATH).to_pandas()
    assert table["p.standing"].isna().all() and table["p.prediction"].isna().all() and "p.set" not in table
    assert np.isnan(table["p.margin"]).all()


def test_without_pandas_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(PATH, {"dense": "dense", "p": "pruned"}, n=20)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"-e '\.\[pandas\]'"):
        ti.load_run(PATH).to_pandas()
