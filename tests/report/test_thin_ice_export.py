"""Weights from a file of margins and from a run: the same margins give the same weights."""

from pathlib import Path

import numpy as np
import pytest

from tests.fake_runs import write_run
from thinice_tui.analysis.thin_ice_weights import WeightOptions, rank_thinness, weights_of
from thinice_tui.errors import DataError, RunFileError, UsageError
from thinice_tui.report.array_file import read_arrays
from thinice_tui.report.margins_file import margins_in, write_margins
from thinice_tui.report.thin_ice_export import weights_from_file, write_weights
from thinice_tui.runfile.records import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"})
    write_margins(tmp_path / "a.npz", margins_in(run))
    return run


@pytest.mark.parametrize("options", [WeightOptions(), WeightOptions("threshold", "attacked", -0.75, 0.3, 0.5)])
def test_a_run_and_its_margins_give_the_same_weights(run: Run, options: WeightOptions) -> None:
    one, other = (weights_from_file(Path(name), options) for name in ("a.thinice", "a.npz"))
    assert np.array_equal(one.weights, other.weights) and np.array_equal(one.indices, run.indices)
    assert one.about == other.about and one.about["weights"]["formula"] == options.formula
    assert len(one) == len(run.labels) and "made.npz" in one.warning


def test_weights_are_those_of_the_dense_margins(run: Run) -> None:
    found = weights_from_file(Path("a.npz"), WeightOptions(strength=-0.5))
    assert np.array_equal(found.weights, weights_of(rank_thinness(run.models[0].clean_margin), -0.5))


def test_flips_need_a_run(run: Run) -> None:
    options = WeightOptions("flips", strength=1.0)
    found = weights_from_file(Path(run.path), options).weights
    assert set(np.unique(found > 0)) == {True, False} and found.mean() == pytest.approx(1)
    with pytest.raises(UsageError, match="--formula flips needs a run"):
        weights_from_file(Path("a.npz"), options)


def test_other_files_are_refused(run: Run, tmp_path: Path) -> None:
    assert run.complete
    write_run(tmp_path / "b.thinice", {"dense": "dense"}, through=1)
    with pytest.raises(RunFileError, match="is not finished"):
        weights_from_file(Path("b.thinice"), WeightOptions())
    Path("c.thinice").write_bytes(b"SQLite format 3\x00" + bytes(4096))
    with pytest.raises(RunFileError):
        weights_from_file(Path("c.thinice"), WeightOptions())
    with pytest.raises(DataError, match="there is no such file"):
        weights_from_file(Path("absent.npz"), WeightOptions())


@pytest.mark.parametrize("name", ["w.npz", "w.csv"])
def test_weights_are_written_with_the_original_indices(run: Run, name: str) -> None:
    found = weights_from_file(Path(run.path), WeightOptions())
    write_weights(Path(name), found)
    columns, about = read_arrays(Path(name), ("sample", "weight"), "weights")
    assert np.array_equal(columns["weight"], found.weights) and np.array_equal(columns["sample"], found.indices)
    assert about["weights"] == {"formula": "rank", "margin": "clean", "strength": 0.5, "share": 0.2, "softness": 0.25}
