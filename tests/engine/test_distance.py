"""Minimum-norm distances: against linear models' exact ones, and against what the ensemble found at eps."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.engine.test_run import StopAfter, assert_same_outcomes, request, run_it
from tests.tiny import Files, make_task, module
from thinice_tui.analysis.curve import distances, has_distances, security_curve
from thinice_tui.attacks.distance import nearest_boundary
from thinice_tui.attacks.stages import seeded
from thinice_tui.engine.verify import distance
from thinice_tui.models.classifier import Classifier
from thinice_tui.runfile.reader import read_run
from thinice_tui.settings import NORMS, Norm, Request, Settings


@pytest.mark.parametrize("n", [1, 2, 33])
@pytest.mark.parametrize("norm", NORMS)
def test_distances_of_linear_models_are_at_most_5_percent_above_the_exact_ones(norm: Norm, n: int) -> None:
    """And never below, however little the ensemble knew before."""
    task = make_task(3 * n + 24, seed=3)
    exact = task.distances(norm)
    correct = np.flatnonzero(exact > 0)[:n]
    exact = exact[correct]
    images, labels = torch.from_numpy(task.images[correct]), torch.from_numpy(task.labels[correct])
    model = Classifier(module(task.weight))
    eps = float(np.median(exact)) * 0.9

    def distances_if_broken(candidates: Tensor, index: Tensor) -> Tensor:
        broken = model(candidates).argmax(dim=1) != labels[index]
        return torch.where(broken, distance(images[index], candidates, norm), torch.inf)

    standing = torch.from_numpy(exact > eps)
    known = torch.where(standing, torch.inf, eps)
    with seeded(0), torch.no_grad():
        found = nearest_boundary(model, images, labels, norm, 30, standing * eps, known, distances_if_broken)
    ratios = found.distances.numpy() / exact
    assert ratios.min() >= 1 - 1e-5
    assert ratios.max() <= 1.05
    nearer = found.distances < known
    assert nearer[standing].all()
    assert torch.allclose(distance(images, found.images, norm)[nearer], found.distances[nearer], atol=1e-6)


def with_distances(files: Files, path: Path) -> Request:
    settings = Settings.build("Linf", "4/255", "quick", batch_size="8", keep_images="all", distances=True)
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


def test_a_flip_that_the_distance_stage_finds_counts(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the ensemble's attacks find nothing at all, all that is within eps falls to the distance stage."""
    monkeypatch.setattr("thinice_tui.engine.executor.attack_batch", lambda _stage, _model, images, *_: images)
    run = run_it(with_distances(files, tmp_path / "a.thinice"))
    exact, eps = files.task.distances("Linf"), 4 / 255
    last = len(run.models[0].stages) - 1
    assert (run.models[0].broken_by[(exact > 0) & (exact < 0.95 * eps)] == last).all()
    assert (run.models[0].broken_by[exact > eps] == -1).all()
