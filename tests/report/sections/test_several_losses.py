"""Which samples are lost by every seed, in words."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.report.rendering import words
from tests.several_runs import seed_run
from thinice_tui.analysis.several.several_runs import analyse_several
from thinice_tui.report.sections.several_losses import MOST_NAMED, several_losses
from thinice_tui.runfile.records import Run


def unstable(run: Run, lost: int) -> Run:
    """The same run, in which `half` loses the first samples that are standing for dense in every training."""
    dense, half = run.models[0], run.models[1]
    first = np.arange(len(run.labels)) < lost
    label = np.where(first, run.labels, dense.clean_prediction).astype(np.int32)
    held = replace(dense, clean_prediction=label, broken_by=np.where(first, -1, dense.broken_by).astype(np.int16))
    right = np.where(first, run.labels, half.clean_prediction).astype(np.int32)
    gone = replace(half, clean_prediction=right, broken_by=np.where(first, 1, half.broken_by).astype(np.int16))
    return replace(run, models=(held, gone, *run.models[2:]))


def test_samples_that_every_seed_loses_are_named(tmp_path: Path) -> None:
    for lost in (3, MOST_NAMED + 5):
        runs = [unstable(seed_run(tmp_path, seed), lost) for seed in range(3)]
        several = analyse_several(runs)
        stable = several.models[1].stability
        assert stable is not None and stable.counts[2] >= lost
        all_of_them = runs[0].indices[stable.times_lost == 3].tolist()
        named = ", ".join(map(str, all_of_them[:MOST_NAMED]))
        text = words(several_losses(several), 1000)
        assert f"half: the samples that all 3 seeds lose: {named}" in text
        assert ("more, which the JSON report names" in text) == (len(all_of_them) > MOST_NAMED)


def test_where_dense_is_alone_nothing_is_lost(tmp_path: Path) -> None:
    alone = [replace(run, models=run.models[:1]) for run in (seed_run(tmp_path, 0), seed_run(tmp_path, 1))]
    assert list(several_losses(analyse_several(alone))) == []
