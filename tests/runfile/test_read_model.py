"""A model's outcomes, read in one go or bit by bit; arrays that were given out never change."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.fake_runs import attacked, record
from tests.runfile.small_runs import IMAGES, LABELS, N, add_batch, logits, open_writer, plan_stages
from thinice_tui.protocol.margins import logit_margin
from thinice_tui.runfile.connection import reading
from thinice_tui.runfile.read_model import ReadTo, read_models, read_new_outcomes
from thinice_tui.runfile.records import ModelOutcomes


def read(path: Path, model: ModelOutcomes, read_to: ReadTo) -> tuple[ModelOutcomes, ReadTo]:
    with reading(path) as connection:
        return read_new_outcomes(connection, 0, model, LABELS, 3, read_to)


def test_new_outcomes_come_in_copies_of_the_arrays(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        with reading(path) as connection:
            nothing, other = read_models(connection, N)
        assert (nothing.record, other.record) == (record("dense", "dense"), record("p", "pruned"))
        assert (nothing.clean_prediction == -1).all() and nothing.stages == ()
        writer.add_clean(0, np.arange(N), logits())
        clean, mark = read(path, nothing, ReadTo())
        assert mark == ReadTo(N - 1, 0)
        assert np.array_equal(clean.clean_prediction, LABELS)
        assert np.array_equal(clean.clean_margin, logit_margin(logits(), LABELS).astype(np.float32))
        assert np.array_equal(clean.worst_margin, clean.clean_margin)
        add_batch(writer, 0)
        add_batch(writer, 1, broken=False)
        attacked_now, mark = read(path, clean, mark)
    assert mark == ReadTo(N - 1, 2)
    assert (attacked_now.broken_by[:8] == 0).all() and (attacked_now.broken_by[8:] == -1).all()
    assert (attacked_now.worst_margin[:8] < 0).all() and np.isnan(attacked_now.distance[16:]).all()
    assert attacked_now.clean_margin is clean.clean_margin, "what has not changed is shared"
    assert (clean.broken_by == -1).all() and np.isnan(clean.distance).all() and (nothing.clean_prediction == -1).all()
    again, same = read(path, attacked_now, mark)
    assert same == mark and again.worst_margin is attacked_now.worst_margin


def test_clean_predictions_in_any_order_are_all_read(tmp_path: Path) -> None:
    """Several workers finish batches in any order, and a view reads in between."""
    path, order = tmp_path / "a.thinice", np.random.default_rng(0).permutation(N)
    with open_writer(path) as writer:
        with reading(path) as connection:
            model, mark = read_models(connection, N)[0], ReadTo()
        for part in np.array_split(order, 7):
            writer.add_clean(0, np.sort(part), logits()[np.sort(part)])
            before = model
            model, mark = read(path, model, mark)
            assert (model.clean_prediction >= 0).sum() == (before.clean_prediction >= 0).sum() + len(part)
            again, _ = read(path, model, mark)
            assert again.clean_margin is model.clean_margin, "what is read again is not new"
    assert np.array_equal(model.clean_prediction, LABELS) and mark.clean == N - 1


def test_distances_take_no_memory_until_there_are_any(tmp_path: Path) -> None:
    path = tmp_path / "a.thinice"
    with open_writer(path) as writer:
        plan_stages(writer)
        add_batch(writer, 0)
        with reading(path) as connection:
            model = read_models(connection, N)[0]
        model, mark = read(path, model, ReadTo())
        assert model.boundary.strides == (0,) and np.isnan(model.boundary).all()
        outcome = attacked(np.arange(8), logits(), LABELS, np.ones(8, dtype=bool), IMAGES)
        found = replace(outcome, boundary=np.array([0.01, np.inf, *[0.02] * 6]))
        writer.add_batch(0, 1, 0, found, np.zeros(8, dtype=bool), None)
        writer.drain()
        later, _ = read(path, model, mark)
    assert later.boundary[:3].tolist() == [0.01, np.inf, 0.02] and np.isnan(later.boundary[8:]).all()
    assert np.isnan(model.boundary).all()
