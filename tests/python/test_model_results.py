"""One model's results by sample: what is known, what is not."""

from pathlib import Path

import numpy as np

import thinice_tui as ti
from tests.fake_runs import make_run, write_run
from thinice_tui.protocol.margins import logit_margin

PATH = Path("a.thinice")


def test_margins_and_verdicts_follow_from_the_logits() -> None:
    write_run(PATH, {"dense": "dense", "p": "pruned"}, n=60)
    run = ti.load_run(PATH)
    for model in run.models:
        assert np.allclose(model.margins, logit_margin(model.logits, run.labels), rtol=1e-6)
        assert np.array_equal(model.predictions, model.logits.argmax(1))
        assert np.array_equal(model.correct, model.margins > 0)
        attacked = np.isfinite(model.adversarial_logits).all(axis=1)
        assert np.array_equal(attacked, model.correct) and np.array_equal(attacked, np.isfinite(model.distances))
        margins = logit_margin(model.adversarial_logits[attacked], run.labels[attacked])
        assert np.allclose(model.adversarial_margins[attacked], margins, rtol=1e-6)
        assert np.isnan(model.adversarial_margins[~attacked]).all()
        assert (model.adversarial_predictions[~attacked] == -1).all()
        assert np.array_equal(model.standing, attacked & (model.adversarial_predictions == run.labels))
        assert {*model.broken_by[model.standing]} == {None} and {*model.broken_by[~model.correct]} == {"clean"}
        broken = model.correct & ~model.standing
        assert {*model.broken_by[broken]} <= {"PGD-20", "APGD-CE", "APGD-T"} and broken.any()
        assert model.robust_accuracy is not None and model.robust_accuracy.value == model.standing.mean()
        assert (model.boundary_distances == 0).sum() == 0 and np.isnan(model.boundary_distances).all()
        assert [stage.name for stage in model.stages] == ["PGD-20", "APGD-CE", "APGD-T"]


def test_before_the_clean_pass_nothing_is_claimed() -> None:
    made = make_run(PATH, {"dense": "dense"}, n=20)
    with made.open() as writer:
        made.begin(writer)
        (model,) = ti.load_run(PATH).models
    assert (model.predictions == -1).all() and np.isnan(model.margins).all() and not model.correct.any()
    assert {*model.broken_by} == {None} and not model.standing.any()
    assert model.clean_accuracy is None and repr(model).endswith("not attacked yet>")
