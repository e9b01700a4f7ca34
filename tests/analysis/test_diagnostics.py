"""Findings that a run's outcomes tell: Square's share, and what the distance search found."""

from dataclasses import replace

import numpy as np
import pytest

from tests.fake_runs import write_run
from thinice_tui.analysis.diagnostics import CLOSE_CHECK, MISSED_CHECK, SQUARE_CHECK, findings
from thinice_tui.runfile.records import Finding, Run

N = 1000


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Dense alone, right on every sample; its last stage is Square."""
    run = write_run(tmp_path_factory.mktemp("square") / "a.thinice", {"dense": "dense"}, n=N)
    dense = run.models[0]
    stages = (*dense.stages[:2], replace(dense.stages[2], name="Square", parameters={"kind": "square"}))
    robust = replace(
        dense, stages=stages, clean_prediction=run.labels.astype(np.int32), broken_by=np.full(N, -1, np.int16)
    )
    return replace(run, models=(robust,))


@pytest.mark.parametrize(("broken", "doubtful"), [(0, False), (1, False), (3, True), (500, True)])
def test_square_may_take_two_tenths_of_a_point(broken: int, doubtful: bool, run: Run) -> None:
    dense = replace(run.models[0], broken_by=np.where(np.arange(N) < broken, 2, -1).astype(np.int16))
    (found,) = findings(replace(run, models=(dense,)))
    assert (found.model, found.check, found.n, found.doubtful) == ("dense", SQUARE_CHECK, N, doubtful)
    assert found.value == pytest.approx(broken / 10)


@pytest.mark.parametrize(("entered", "value", "doubtful"), [(125, 0.8, True), (1000, 0.1, False)])
def test_what_an_audit_lost_to_square_is_taken_for_all_that_stand(
    entered: int, value: float, doubtful: bool, run: Run
) -> None:
    """One of 125 audited is 8 of the 1000 that stand."""
    dense = run.models[0]
    audit = replace(dense.stages[2], parameters={"kind": "square", "scope": "audit"}, entered=entered)
    broken_by = np.where(np.arange(N) < 1, 2, -1).astype(np.int16)
    dense = replace(dense, stages=(*dense.stages[:2], audit), broken_by=broken_by)
    (found,) = findings(replace(run, models=(dense,)))
    assert found.value == pytest.approx(value) and found.doubtful == doubtful


def test_a_square_stage_that_goes_on_is_not_judged(run: Run) -> None:
    dense = run.models[0]
    going = replace(dense, stages=(*dense.stages[:2], replace(dense.stages[2], finished=False)))
    assert findings(replace(run, models=(going,))) == ()


def test_samples_that_the_distance_search_broke_are_named(run: Run) -> None:
    boundary = np.full(N, np.inf)
    boundary[[3, 8]] = 0.001
    *_, found = findings(replace(run, models=(replace(run.models[0], boundary=boundary),)))
    assert found == Finding("dense", MISSED_CHECK, 2, N, True, (3, 8))


def test_the_engines_own_findings_come_first(run: Run) -> None:
    own = Finding("dense", "gradients vanish", 0, 32, False)
    assert findings(replace(run, findings=(own,)))[0] == own


def test_verdicts_that_hang_on_a_rounding_are_counted_and_doubt_nothing(run: Run) -> None:
    dense = run.models[0]
    margins = np.where(np.arange(N) < 3, -5e-5, -1.0)
    broken = replace(dense, worst_margin=margins, broken_by=np.where(np.arange(N) < 10, 0, -1).astype(np.int16))
    assert findings(replace(run, models=(broken,)))[-1] == Finding("dense", CLOSE_CHECK, 3, 10, False, (0, 1, 2))
    assert all(found.check != CLOSE_CHECK for found in findings(run))
