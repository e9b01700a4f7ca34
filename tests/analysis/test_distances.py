"""Distances: 0, infinite and unknown ones, and what the ensemble missed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import write_run
from thinice_tui.analysis.distances import distances, has_distances, missed, run_eps
from thinice_tui.runfile.records import ModelOutcomes, Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=4, labels=np.array([0, 1, 2, 0]))


def model(run: Run, boundary: list[float]) -> ModelOutcomes:
    """Right on all samples but the first, broken on the second."""
    return replace(
        run.models[0],
        clean_prediction=np.array([1, 1, 2, 0], np.int32),
        broken_by=np.array([-1, 0, -1, -1], np.int16),
        boundary=np.array(boundary),
    )


def test_a_misclassified_sample_is_at_distance_0_and_an_unknown_one_at_none(run: Run) -> None:
    found = distances(run, model(run, [np.nan, 0.01, np.inf, np.nan]))
    assert found[:3].tolist() == [0, 0.01, np.inf] and np.isnan(found[3])
    unmeasured = model(run, [np.nan] * 4)
    assert np.isnan(distances(run, unmeasured)).all(), "nothing is said where nothing was searched for"


def test_a_run_has_distances_where_one_is_known(run: Run) -> None:
    assert not has_distances(run) and run_eps(run) == 8 / 255
    assert has_distances(replace(run, models=(run.models[0], model(run, [np.nan, np.nan, np.inf, np.nan]))))


def test_only_robust_samples_within_eps_are_missed(run: Run) -> None:
    eps = run_eps(run)
    found = model(run, [np.nan, eps / 2, eps, np.nextafter(eps, 1)])
    assert missed(run, found).tolist() == [False, False, True, False]
