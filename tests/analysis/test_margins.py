"""The kinds of margin."""

from dataclasses import replace

import numpy as np
import pytest

from tests.fake_runs import write_run
from thinice_tui.analysis.distances import distances
from thinice_tui.analysis.margins import MARGIN_KINDS, margin_kinds, margins_of
from thinice_tui.analysis.table import SampleTable
from thinice_tui.runfile.records import Role, Run

MODELS: dict[str, Role] = {"dense": "dense", "half": "pruned", "again": "control"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return write_run(tmp_path_factory.mktemp("table") / "a.thinice", MODELS)


def test_the_margin_is_of_the_kind_that_was_chosen_and_always_of_dense(run: Run) -> None:
    for other in (1, 2):
        clean = SampleTable(run, run.models[other], "clean")
        attacked = SampleTable(run, run.models[other], "attacked")
        assert clean.margins is run.models[0].clean_margin and attacked.margins is run.models[0].worst_margin
        assert np.array_equal(clean.fields["margin"].values, run.models[0].clean_margin)  # type: ignore[union-attr]


def test_distances_are_a_kind_where_the_run_has_them(run: Run) -> None:
    assert margin_kinds(run) == ["clean", "attacked"]
    boundary = np.full(len(run.labels), 0.01)
    measured = replace(run, models=(replace(run.models[0], boundary=boundary), *run.models[1:]))
    assert margin_kinds(measured) == list(MARGIN_KINDS)
    found = margins_of(measured, measured.models[0], "distance")
    assert found.dtype == np.float32 and np.array_equal(
        found, distances(measured, measured.models[0]).astype(np.float32)
    )
