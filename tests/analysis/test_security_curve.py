"""Security curves: closed forms, and what makes them fall."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_runs import write_run
from thinice_tui.analysis.distances import run_eps
from thinice_tui.analysis.security_curve import SecurityCurve, security_curve
from thinice_tui.runfile.records import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("curve") / "a.thinice", {"dense": "dense", "p": "pruned"}, n=100)


def curve_of(run: Run, boundary: list[float]) -> SecurityCurve | None:
    """The curve of a model that is right on every clean image, over the first samples."""
    part = run.only(np.arange(len(boundary)))
    return security_curve(
        part,
        replace(part.models[0], clean_prediction=part.labels.astype(np.int32), boundary=np.array(boundary)),
    )


def test_evenly_spread_distances_give_a_straight_line(run: Run) -> None:
    """Of distances 0.01, 0.02, … 1.00 the share above eps is 1 − ⌊100 eps⌋ / 100."""
    curve = curve_of(run, (np.arange(1, 101) / 100).tolist())
    assert curve is not None and curve.n == 100
    assert np.allclose(curve.robust, 1 - np.floor(100 * curve.eps + 1e-9).clip(max=100) / 100)
    assert curve.median == pytest.approx(0.505) and curve.at_eps == 0.97, "8/255 is above three of them"
    assert run_eps(run) in curve.eps


def test_without_distances_there_is_no_curve(run: Run) -> None:
    assert security_curve(run, run.models[0]) is None


@given(st.lists(st.floats(1e-6, 10) | st.just(np.inf) | st.just(np.nan), min_size=1, max_size=50))
def test_a_curve_falls_and_counts_the_known_samples(run: Run, boundary: list[float]) -> None:
    curve = curve_of(run, boundary)
    known = np.array([value for value in boundary if not np.isnan(value)])
    if curve is None:
        assert not len(known)
        return
    assert curve.n == len(known) and curve.eps[0] == 0 and curve.robust[0] == 1
    assert (np.diff(curve.robust) <= 0).all() and (np.diff(curve.eps) > 0).all()
    assert curve.at_eps == (known > run_eps(run)).mean()
    assert curve.robust[-1] >= np.isinf(known).mean()
