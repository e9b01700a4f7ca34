"""What is read of one sample is what the run file holds."""

from pathlib import Path

import numpy as np

from tests.fake_runs import SHAPE, write_run
from thinice_tui.runfile.reader import read_run
from thinice_tui.tui.sample_detail import load_sample_detail


def test_a_sample_under_two_models(run_file: Path) -> None:
    run = read_run(run_file)
    position = int(np.flatnonzero((run.models[0].broken_by < 0) & (run.models[1].broken_by >= 0))[0])
    detail = load_sample_detail(run, 1, position)
    assert detail.problem == "" and detail.position == position
    assert detail.clean is not None and detail.clean.shape == SHAPE
    assert detail.adversarial[0] is None, "dense withstands every attack"
    assert detail.adversarial[1] is not None and detail.adversarial[1].shape == SHAPE
    for model, clean, worst in zip(run.models, detail.clean_logits, detail.worst_logits, strict=False):
        assert clean is not None and clean.argmax() == model.clean_prediction[position]
        assert worst is not None and worst.argmax() == model.worst_prediction[position]


def test_a_dense_model_alone_is_read_once(tmp_path: Path) -> None:
    run = write_run(tmp_path / "alone.thinice", {"dense": "dense"}, n=20)
    detail = load_sample_detail(run, 0, 3)
    assert len(detail.adversarial) == len(detail.clean_logits) == len(detail.worst_logits) == 1


def test_a_file_that_is_gone_is_the_problem(run_file: Path) -> None:
    run = read_run(run_file)
    run_file.unlink()
    detail = load_sample_detail(run, 1, 0)
    assert "there is no such run file" in detail.problem
    assert detail.clean is None and detail.adversarial == detail.clean_logits == detail.worst_logits == (None, None)
