"""The reliability section."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from tests.fake_runs import write_run
from tests.report.rendering import MODELS, analysis_of, words
from thinice_tui.analysis.comparison import analyse
from thinice_tui.report.json_report import json_report
from thinice_tui.report.sections.reliability import reliability
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Finding


def told_of(folder: Path, **run: object) -> str:
    return words(reliability(analysis_of(folder, **run)))


def test_reliability_is_said_in_words_and_in_json(tmp_path: Path) -> None:
    sound = Finding("dense", "gradients vanish", 0, 50, False)
    hidden = Finding("half", "gradients vanish", 7, 50, True, (3, 4))
    told = told_of(tmp_path / "a", more={"findings": [asdict(sound)]})
    assert "no check gives a reason to doubt" in told and "0 of 50" in told
    told = told_of(tmp_path / "b", more={"findings": [asdict(sound), asdict(hidden)]})
    assert "DOUBTFUL" in told and "half: gradients vanish" in told and "7 of 50 !" in told
    found = json_report(analyse(read_run(tmp_path / "b" / "a.thinice")))["reliability"]
    assert found[1]["model"] == "half" and found[1]["samples"] == [9, 12], "original indices, here 3 × the position"
    assert found[1]["doubtful"] is True
    told = " ".join(told_of(tmp_path / "c", through=1).split())
    assert "samples that stay robust are checked when the attacks are done" in told and "so far" not in told
    told = " ".join(told_of(tmp_path / "d", through=1, more={"findings": [asdict(sound)]}).split())
    assert "so far no check gives a reason to doubt these numbers; samples that stay robust" in told
    assert "not checked by the version that made this run" in told_of(tmp_path / "e")


def test_reliability_says_where_no_sample_is_robust(tmp_path: Path) -> None:
    """Not that checks are still to come: there is nothing to check."""
    write_run(tmp_path / "a.thinice", MODELS)
    run = read_run(tmp_path / "a.thinice")
    broken = [replace(model, broken_by=np.zeros_like(model.broken_by)) for model in run.models]
    for models, said in ((broken, "dense, half, again"), ((run.models[0], *broken[1:2]), "half")):
        told = words(reliability(analyse(replace(run, models=tuple(models)))))
        assert f"No sample is robust on {said}: no check of robust samples was needed" in told
        assert "when the attacks are done" not in told
