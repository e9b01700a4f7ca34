"""Correctness masks, sample by sample."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.fake_runs import write_run
from thinice_tui.analysis.correctness import clean_correct, clean_known, robust_correct


def test_each_mask_says_what_it_is_called(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", {"dense": "dense", "p": "pruned"}, n=5, labels=np.array([0, 1, 2, 0, 1]))
    model = replace(
        run.models[0],
        clean_prediction=np.array([0, 1, 1, -1, 1], np.int32),
        broken_by=np.array([-1, 1, -1, -1, 0], np.int16),
    )
    assert clean_known(model).tolist() == [True, True, True, False, True]
    assert clean_correct(run, model).tolist() == [True, True, False, False, True]
    assert robust_correct(run, model, 0).tolist() == clean_correct(run, model).tolist()
    assert robust_correct(run, model, 1).tolist() == [True, True, False, False, False]
    assert robust_correct(run, model, 2).tolist() == [True, False, False, False, False]
