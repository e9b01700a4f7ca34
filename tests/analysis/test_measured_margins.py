"""Margins as they are measured, and those of a finished run."""

from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import make_run, write_run
from thinice_tui.analysis.measured_margins import MeasuredMargins, margins_of_run
from thinice_tui.errors import RunFileError, UsageError


def test_a_runs_margins_are_those_of_its_dense_model(tmp_path: Path) -> None:
    models = {"dense": "dense", "p": "pruned"}
    made = make_run(tmp_path / "b.thinice", models)  # type: ignore[arg-type]
    run = write_run(tmp_path / "a.thinice", models)  # type: ignore[arg-type]
    found = margins_of_run(run, {"data": {"source": "made.npz"}})
    assert found.of_kind("clean") == pytest.approx(made.margins[0], abs=1e-5)
    assert found.robust is not None and (found.robust == (made.margins[0] >= 1.5)).all()
    assert ((found.predictions == found.labels) == (made.margins[0] > 0)).all()
    assert (found.of_kind("attacked") <= found.clean + 1e-6).all() and found.indices[1] == 3
    assert found.source == "made.npz"


def test_a_run_that_goes_on_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense"}, through=2)
    with pytest.raises(RunFileError, match="is not finished"):
        margins_of_run(run, {})


@pytest.mark.parametrize("about", [{}, {"data": 3}, {"data": {"source": 3}}])
def test_margins_without_an_attack_and_without_a_source(about: dict[str, object]) -> None:
    one = np.zeros(1)
    found = MeasuredMargins(
        one.astype(int), one.astype(int), one.astype(int), one.astype(np.float32), None, None, about
    )
    assert found.source == ""
    with pytest.raises(UsageError, match="measured without an attack"):
        found.of_kind("attacked")
