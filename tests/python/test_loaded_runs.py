"""Several runs in Python: the numbers of the command's report, and runs that are going on."""

import json
from pathlib import Path

import numpy as np
import pytest

import thinice_tui as ti
from tests.commands.calling import call
from tests.several_runs import seed_file


def test_they_have_the_numbers_of_the_report(tmp_path: Path) -> None:
    paths = [seed_file(tmp_path / f"{seed}.thinice", seed) for seed in range(3)]
    paths.append(seed_file(tmp_path / "repeat.thinice", 0, seed=9))
    runs = ti.load_runs(paths)
    assert (len(runs), runs.seeds, runs[-1].settings.seed) == (4, 3, 9) and "4 runs, training seeds: 3" in repr(runs)
    told = json.loads(call("report", *paths, "--format", "json").stdout)["several"]["models"]
    for model, said in zip(runs.analysis.models, told, strict=True):
        for name, found in model.numbers.items():
            assert list(found.values) == said[name]["values"] and found.mean.value == said[name]["mean"]["value"]
    stable = runs.analysis.models[1].stability
    assert stable is not None
    lost = [run.model("dense").standing & ~run.model("half").standing for run in runs[:3]]
    assert np.array_equal(stable.times_lost, np.sum(lost, axis=0))
    assert [run.path for run in runs[1:3]] == paths[1:3] and runs[1:3].seeds == 2


def test_runs_that_go_on_are_loaded_but_not_compared(tmp_path: Path) -> None:
    runs = ti.load_runs([seed_file(tmp_path / f"{seed}.thinice", seed, through=seed) for seed in (2, 3)])
    assert [run.complete for run in runs] == [False, True]
    with pytest.raises(ti.RunFileError, match="is not finished"):
        _ = runs.analysis


def test_no_runs_are_none() -> None:
    none = ti.load_runs([])
    assert len(none) == none.seeds == 0
    with pytest.raises(ti.UsageError, match="no runs"):
        _ = none.analysis
