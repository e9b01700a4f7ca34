"""The CSV report of several training seeds, read again, against the analyses of the runs."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.several_runs import repeated, seed_run
from thinice_tui.analysis.several.several_runs import analyse_several
from thinice_tui.report.several_csv import several_csv


@pytest.mark.parametrize("seeds", [2, 3])
def test_each_row_says_what_each_seed_says(seeds: int, tmp_path: Path) -> None:
    runs = [seed_run(tmp_path, seed) for seed in range(seeds)]
    several = analyse_several([*runs, repeated(runs[0], 9)])
    rows = list(csv.DictReader(io.StringIO(several_csv(several), newline=""), strict=True))
    assert [int(row["sample"]) for row in rows] == runs[0].indices.tolist()
    for name, place in (("half", 0), ("again", 1)):
        for position, row in enumerate(rows):
            sets = [row[f"set@{name}:{seed}"] for seed in range(1, seeds + 1)]
            assert int(row[f"lost_in@{name}"]) == sets.count("S10")
            for analysis, found in zip(several.seeds, sets, strict=True):
                assert getattr(analysis.comparisons[place].sets, found.lower())[position]
            assert float(row["margin@dense:2"]) == pytest.approx(float(runs[1].models[0].clean_margin[position]))
        modal = several.models[place + 1].exemplars
        assert (modal is None) == (seeds == 2) == (f"exemplar@{name}" not in rows[0])
        if modal is not None:
            for word, mask in (("yes", modal.clean), ("tie", modal.clean_ties)):
                assert [row[f"exemplar@{name}"] == word for row in rows] == mask.tolist()
            for word, mask in (("lost", modal.lost), ("gained", modal.gained), ("tie", modal.ties)):
                assert [row[f"attacked_exemplar@{name}"] == word for row in rows] == mask.tolist()
    facts = json.loads(rows[0]["run"])
    assert [run["part"] for run in facts["runs"]] == [
        *["training seed", "attack seed"],
        *["training seed"] * (seeds - 1),
    ]
    assert facts["eps"] == "8/255" and {row["run"] for row in rows[1:]} == {""}
