"""The noise floor: a model against itself under another seed of the attacks."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.analysis.runs_of_models import analysed
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.noise_floor import noise_floor


def test_it_counts_what_another_seed_breaks(tmp_path: Path) -> None:
    run = analysed(tmp_path).run
    standing = np.flatnonzero((run.models[0].broken_by < 0) & (run.models[0].clean_prediction == run.labels))
    broken = np.flatnonzero(run.models[0].broken_by == 2)
    fates = run.models[0].broken_by.copy()
    fates[standing[:3]], fates[broken[:2]] = 1, -1
    again = replace(run, models=(replace(run.models[0], broken_by=fates), *run.models[1:]))
    dense, half, *_ = noise_floor(analyse(run, repeats=(again,)))
    assert (dense.model, dense.sets.counts()["S10"], dense.sets.counts()["S01"]) == ("dense", 3, 2)
    assert dense.nfr.value == 3 / 200 and dense.nfr.low < 3 / 200 < dense.nfr.high and dense.pfr.value == 2 / 200
    assert half.nfr.value == half.pfr.value == 0


def test_a_partial_repeat_counts_only_what_both_have_finished(tmp_path: Path) -> None:
    whole, part = analysed(tmp_path).run, analysed(tmp_path, through=1).run
    assert all(one.nfr.value == one.pfr.value == 0 for one in noise_floor(analyse(whole, repeats=(part,))))


def test_one_run_alone_tells_no_noise(tmp_path: Path) -> None:
    assert noise_floor(analysed(tmp_path)) == ()
