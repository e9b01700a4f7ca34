"""Minimum-norm distances: against linear models' exact ones, and against what the ensemble found at eps."""

import io
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import Tensor, nn

from tests.engine_runs import StopAfter, assert_same_outcomes, request, run_it
from tests.linear_models import Files
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.diagnostics import MISSED_CHECK
from thinice_tui.analysis.distances import distances, has_distances, missed
from thinice_tui.analysis.security_curve import security_curve
from thinice_tui.protocol.request import Request
from thinice_tui.protocol.settings import Settings
from thinice_tui.protocol.threat_model import NORMS, Norm
from thinice_tui.report.json_report import json_report
from thinice_tui.report.report_document import report_document
from thinice_tui.report.text_report import print_blocks
from thinice_tui.runfile.read_sample import read_adversarial
from thinice_tui.runfile.reader import read_run

EPS = {"Linf": 4 / 255, "L2": 0.2, "L1": 1.5}


def with_distances(files: Files, path: Path, norm: Norm = "Linf", keep: str = "all") -> Request:
    eps = {"Linf": "4/255", "L2": "0.2", "L1": "1.5"}[norm]
    settings = Settings.build(norm, eps, "quick", batch_size="8", keep_images=keep, distances=True)
    return request(files, path, settings=settings)


def test_a_runs_distances_agree_with_its_outcomes_at_eps(files: Files, tmp_path: Path) -> None:
    run = run_it(with_distances(files, tmp_path / "a.thinice"))
    eps = 4 / 255
    assert has_distances(run)
    exact = files.task.distances("Linf")
    for number, model in enumerate(run.models):
        found = distances(run, model)
        correct = model.clean_prediction == run.labels
        assert (found[~correct] == 0).all() and np.isfinite(found).all()
        assert ((found > eps) == (correct & (model.broken_by < 0))).all(), "R(eps) is the robust accuracy"
        broken = model.broken_by >= 0
        assert (found[broken] <= model.distance[broken] + 1e-12).all(), "no further than an image that is known"
        if number == 0:
            assert (found[correct] >= exact[correct] * (1 - 1e-5)).all()
            assert (found[correct] <= exact[correct] * 1.05).all()
        curve = security_curve(run, model)
        assert curve is not None and curve.n == len(run.labels)
        assert (np.diff(curve.robust) <= 0).all() and curve.robust[0] == correct.mean()
        at_eps = np.interp(eps, curve.eps, curve.robust)
        assert abs(at_eps - (correct & ~broken).mean()) < 0.05


def test_a_run_without_distances_has_no_curve(files: Files, tmp_path: Path) -> None:
    run = run_it(request(files, tmp_path / "a.thinice"))
    assert not has_distances(run) and security_curve(run, run.models[0]) is None


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_interrupted_while_measuring_it_resumes_to_the_same(files: Files, tmp_path: Path, share: float) -> None:
    observer = StopAfter()
    whole = run_it(with_distances(files, tmp_path / "whole.thinice"), observer)
    measuring = [number for number, seen in enumerate(observer.seen) if seen.stage == "Distance"]
    passes = measuring[int(share * len(measuring))]
    wanted = with_distances(files, tmp_path / "a.thinice")
    with pytest.raises(KeyboardInterrupt):
        run_it(wanted, StopAfter(passes))
    assert read_run(tmp_path / "a.thinice").models[0].stages[-1].entered is not None, "it was measuring already"
    assert_same_outcomes(run_it(wanted), whole)


def blind(_model: nn.Module, x: Tensor, *_arguments: object) -> tuple[Tensor, Tensor]:
    """A search that finds nothing at all."""
    return x, torch.full((len(x),), torch.inf)


@pytest.mark.parametrize("keep", ["all", "none"])
@pytest.mark.parametrize("norm", NORMS)
def test_the_search_starts_from_the_images_found(
    norm: Norm, keep: str, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it can find nothing by itself, what the ensemble found is drawn back to the boundary; nothing stays at eps.

    On the straight line to the clean image a linear model's margin is concave: it has one root, known exactly.
    """
    monkeypatch.setattr("thinice_tui.attacks.minimum_distance.shrink_radius", blind)
    wanted = with_distances(files, tmp_path / f"{keep}.thinice", norm, keep)
    kept = replace(wanted, run=tmp_path / "all.thinice", settings=replace(wanted.settings, keep_images="all"))
    images_of = run_it(kept)
    run = run_it(wanted)
    assert_same_outcomes(run, images_of)
    dense = run.models[0]
    broken = np.flatnonzero(dense.broken_by >= 0)
    clean = files.task.images.astype(np.float64).reshape(len(run.labels), -1)
    assert len(broken) > 5
    for position in broken:
        adversarial = read_adversarial(tmp_path / "all.thinice", 0, int(position))
        assert adversarial is not None
        ends = np.stack([clean[position], adversarial.astype(np.float64).ravel()]) @ files.task.weight.T
        start, end = (row[run.labels[position]] - np.delete(row, run.labels[position]) for row in ends)
        share = float((start / (start - end))[end < 0].min())
        far, found = dense.distance[position], dense.boundary[position]
        assert share * far * (1 - 1e-4) <= found <= (share + 1 / 256 + 1e-4) * far
    stored = sqlite3.connect(wanted.run or "").execute("SELECT count(*) FROM adversarial WHERE model = 0").fetchone()[0]
    assert stored == (0 if keep == "none" else len(broken)), "images that nobody asked for go when the run is finished"


@pytest.mark.parametrize("norm", NORMS)
def test_an_image_that_the_ensemble_missed_changes_no_verdict(
    norm: Norm, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the ensemble's attacks find nothing at all, all that is within eps is found by the distance search."""
    monkeypatch.setattr("thinice_tui.engine.worker.attack.attack_batch", lambda _stage, _model, images, *_: images)
    run = run_it(with_distances(files, tmp_path / "a.thinice", norm))
    exact, eps, dense = files.task.distances(norm), EPS[norm], run.models[0]
    within = missed(run, dense)
    assert (dense.broken_by == -1).all()
    assert within[(exact > 0) & (exact < 0.95 * eps)].all() and not within[(exact <= 0) | (exact > eps)].any()
    curve = security_curve(run, dense)
    assert curve is not None and curve.at_eps == pytest.approx((exact > 0).mean() - within.mean())
    found = json_report(analyse(run), samples=True)
    model, indices = found["models"][0], run.indices[within].tolist()
    assert model["robust_accuracy"] == model["clean_accuracy"]
    assert model["missed_by_ensemble"]["samples"] == indices
    assert model["missed_by_ensemble"]["robust_accuracy_with_these"] == pytest.approx(curve.at_eps)
    assert found["security_curves"][0]["robust_accuracy_at_eps"] == curve.at_eps
    listed = [one["samples"] for one in found["reliability"] if one["check"] == MISSED_CHECK]
    assert listed[0] == indices
    for sample in found["samples"]:
        one = sample["models"]["dense"]
        inside = one["boundary_distance"] is not None and 0 < one["boundary_distance"] <= eps
        assert (sample["index"] in indices) == (one["standing"] and inside)
    said = subprocess.run(
        [sys.executable, "-m", "thinice_tui", "report", str(tmp_path / "a.thinice")],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "100"},
    ).stdout
    words = " ".join(said.split())
    standing = 100 * model["robust_accuracy"]
    assert f"for {within.sum()} of the {(exact > 0).sum()} samples that the ensemble left standing" in words
    assert f"robust accuracy {standing:.1f} % by the ensemble, {100 * curve.at_eps:.1f} % with these" in words
    assert "DOUBTFUL" in words


@pytest.mark.parametrize("norm", NORMS)
def test_where_the_ensemble_missed_nothing_the_curve_at_eps_is_its_robust_accuracy(
    norm: Norm, files: Files, tmp_path: Path
) -> None:
    analysis = analyse(run_it(with_distances(files, tmp_path / "a.thinice", norm)))
    for summary in analysis.models:
        curve = security_curve(analysis.run, summary.model)
        assert curve is not None and summary.robust_accuracy is not None
        assert curve.at_eps == summary.robust_accuracy.value and not missed(analysis.run, summary.model).any()
        assert curve.robust[curve.eps == EPS[norm]] == curve.at_eps
        assert (np.diff(curve.robust) <= 0).all()
    text = Console(file=io.StringIO(), width=100)
    print_blocks(report_document(analysis), text)
    assert "left standing" not in text.file.getvalue() and "DOUBTFUL" not in text.file.getvalue()  # type: ignore[attr-defined]


def test_interrupted_with_no_images_kept_it_resumes_to_the_same(files: Files, tmp_path: Path) -> None:
    observer = StopAfter()
    whole = run_it(with_distances(files, tmp_path / "whole.thinice", keep="none"), observer)
    measuring = [number for number, seen in enumerate(observer.seen) if seen.stage == "Distance"]
    wanted = with_distances(files, tmp_path / "a.thinice", keep="none")
    for passes in (measuring[0] - 5, len(measuring) // 2):
        with pytest.raises(KeyboardInterrupt):
            run_it(wanted, StopAfter(passes))
    assert_same_outcomes(run_it(wanted), whole)
