"""The keys on what pruning loses: the numbers are those of the analysis, in strict JSON."""

import json
from pathlib import Path

import pytest

from tests.analysis.runs_of_models import analysed
from thinice_tui.analysis.capture import capture_of
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.excess import excesses
from thinice_tui.analysis.ladder import ladder_of
from thinice_tui.protocol.claims import parse_claims
from thinice_tui.report.json_report import json_report


def test_they_are_the_numbers_of_the_analysis(tmp_path: Path) -> None:
    run = analysed(tmp_path, n=600, noise=(0.5, 1.2, 0.4)).run
    analysis = analyse(run, parse_claims(["half=90@pgd-50,eps=0.031"]), repeats=(run,))
    found = json.loads(json.dumps(json_report(analysis, samples=True), allow_nan=False))
    for keys, excess in zip(found["comparisons"], excesses(analysis), strict=False):
        assert keys["excess"]["excess_nfr"]["value"] == excess.excess_nfr.value
        assert keys["excess"]["lost_by_pruning"] == excess.lost_by_pruning.sum()
    assert found["comparisons"][2]["excess"] is None, "the control has none over itself"
    for keys, comparison in zip(found["comparisons"], analysis.comparisons, strict=True):
        assert keys["capture"]["captured"]["value"] == capture_of(analysis, comparison).headline.value
        kinds = keys["flip_kinds"]
        assert 600 * (kinds["robust_only"]["value"] + kinds["common"]["value"]) == pytest.approx(keys["sets"]["S10"])
        gap = keys["overestimation_difference"]
        assert gap["difference"]["value"] == pytest.approx(gap["gap"]["value"] - gap["dense_gap"]["value"])
        assert keys["separation"]["attacked_margin_from_other_seed"] is True
    (claim,) = found["claims"]
    assert (claim["model"], claim["comparable"], claim["assumed"]) == ("half", False, ["norm", "samples"])
    assert [one["model"] for one in found["noise_floor"]] == ["dense", "half", "tenth", "again"]


def test_each_sample_says_where_it_fell(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, n=300, noise=(0.5, 1.2, 0.4))
    ladder = ladder_of(analysis)
    assert ladder is not None
    samples = json_report(analysis, samples=True)["samples"]
    names = [rung.comparison.other.record.name for rung in ladder.rungs]
    for sample, rung, regained in zip(samples, ladder.falls_at, ladder.regained, strict=True):
        assert sample["lost_first_by"] == (names[rung] if rung >= 0 else None)
        assert sample["regained"] == regained


def test_a_run_without_a_ladder_has_no_such_keys(tmp_path: Path) -> None:
    found = json_report(analysed(tmp_path, {"dense": "dense", "half": "pruned"}), samples=True)
    assert found["ladder"] is None and "lost_first_by" not in found["samples"][0]
