"""Security curves, medians and what the ensemble missed."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.fake_runs import write_run
from tests.report.rendering import MODELS, analysis_of, rendered, words
from thinice_tui.analysis.comparison import analyse
from thinice_tui.report.json_report import json_report
from thinice_tui.report.sections.distances import distances_section


def test_security_curves_are_in_the_report_where_there_are_distances(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS)
    random = np.random.default_rng(0)
    models = []
    for model in run.models:
        far = random.exponential(6 / 255, len(run.labels))
        models.append(replace(model, boundary=np.where(model.clean_prediction == run.labels, far, np.nan)))
    analysis = analyse(replace(run, models=tuple(models)))
    text = rendered(distances_section(analysis), 80)
    assert "over eps, upper bounds, n=200" in text and "median distance" in text
    curves = json_report(analysis)["security_curves"]
    assert [curve["model"] for curve in curves] == list(MODELS)
    for curve, model in zip(curves, models, strict=True):
        assert curve["n"] == 200 and curve["eps"][0] == 0
        at = 40
        expected = float(np.mean(np.nan_to_num(model.boundary) > curve["eps"][at]))
        assert curve["robust_accuracy"][at] == expected


def test_without_distances_there_is_no_section(tmp_path: Path) -> None:
    assert list(distances_section(analysis_of(tmp_path))) == []


def test_samples_that_the_ensemble_missed_are_listed(tmp_path: Path) -> None:
    run = analysis_of(tmp_path).run
    dense = run.models[0]
    robust = np.flatnonzero((dense.clean_prediction == run.labels) & (dense.broken_by < 0))
    boundary = np.where(np.isin(np.arange(200), robust[:30]), 0.001, np.inf)
    missed = replace(run, models=(replace(dense, boundary=boundary), *run.models[1:]))
    text = words(distances_section(analyse(missed)))
    assert f"for 30 of the {len(robust)} samples that the ensemble left standing ({run.indices[robust[0]]}, " in text
    assert (
        f"{run.indices[robust[19]]}, and 10 more in the JSON report)" in text
        and str(run.indices[robust[20]]) not in text.split("standing (")[1]
    )
