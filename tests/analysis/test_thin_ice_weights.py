"""Weights by how thin the ice is: formulas by hand, and what holds for any margins."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.fake_runs import write_run
from thinice_tui.analysis.correctness import robust_correct
from thinice_tui.analysis.thin_ice_weights import (
    WeightOptions,
    flip_thinness,
    rank_thinness,
    threshold_thinness,
    weights_of,
)
from thinice_tui.errors import DataError, UsageError

MARGINS = arrays(np.float32, st.integers(1, 40), elements=st.floats(-50, 50, width=32))
STRENGTHS = st.floats(-0.99, 0.99).filter(lambda strength: abs(strength) > 0.01)


def test_rank_is_of_the_margins_size_and_equal_ones_share_theirs() -> None:
    found = rank_thinness(np.array([3.0, -1.0, 0.5, 1.0], np.float32))
    assert found.tolist() == [1 - 3.5 / 4, 1 - 2 / 4, 1 - 0.5 / 4, 1 - 2 / 4]
    assert weights_of(found, 0.5).tolist() == pytest.approx([0.625, 1.0, 1.375, 1.0])


def test_the_threshold_is_a_quantile_and_its_width_a_share_of_the_median() -> None:
    margins = np.array([0, -1, 2, 3, 4], np.float32)
    width, threshold = 0.5 * 2, 1.0  # the median of |m|, and its quantile at a quarter
    by_hand = 1 / (1 + np.exp((np.abs(margins) - threshold) / width))
    assert threshold_thinness(margins, 0.25, 0.5) == pytest.approx(by_hand)
    assert threshold_thinness(margins, 0.25, 0).tolist() == [1, 1, 0, 0, 0]
    assert threshold_thinness(np.zeros(3, np.float32), 0.2, 0.5).tolist() == [1, 1, 1]


@given(MARGINS, STRENGTHS)
def test_weights_have_mean_one_and_do_not_depend_on_the_scale_of_logits(margins: np.ndarray, strength: float) -> None:
    for thinness in (rank_thinness, lambda m: threshold_thinness(m, 0.2, 0.25)):
        found = thinness(margins)
        assert (found >= 0).all() and (found <= 1).all()
        assert thinness((margins * np.float32(4)).astype(np.float32)) == pytest.approx(found, abs=1e-6)
        weights = weights_of(found, strength)
        assert weights.dtype == np.float32 and weights.mean() == pytest.approx(1, abs=1e-5) and (weights >= 0).all()
        order = np.argsort(np.abs(margins), kind="stable")
        steps = np.diff(weights[order]) * np.sign(strength)
        assert (steps <= 1e-6).all(), "the nearer to the boundary, the more (or, below 0, the less)"


def test_flips_are_the_share_of_pruned_models_that_judge_otherwise(tmp_path: Path) -> None:
    models = {"dense": "dense", "a": "pruned", "b": "pruned", "control": "control"}
    run = write_run(tmp_path / "a.thinice", models)  # type: ignore[arg-type]
    standing = [robust_correct(run, model, 3) for model in run.models]
    by_hand = ((standing[0] != standing[1]).astype(int) + (standing[0] != standing[2])) / 2
    assert flip_thinness(run) == pytest.approx(by_hand) and set(by_hand) == {0.0, 0.5, 1.0}


def test_a_run_without_flips_is_refused(tmp_path: Path) -> None:
    alone = write_run(tmp_path / "a.thinice", {"dense": "dense", "control": "control"})
    with pytest.raises(UsageError, match="has no pruned model"):
        flip_thinness(alone)
    same = write_run(tmp_path / "b.thinice", {"dense": "dense", "p": "pruned"}, flip=False)
    with pytest.raises(UsageError, match="no pruned model flips any sample"):
        flip_thinness(same)


def test_weights_that_would_all_be_0_are_refused() -> None:
    with pytest.raises(DataError, match="every weight would be 0"):
        weights_of(np.zeros(3), 1.0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"formula": "rang"}, "--formula is 'rang', expected rank, threshold or flips"),
        ({"margin": "distance"}, "--margin is 'distance', expected clean or attacked"),
        ({"strength": 0.0}, "--strength is 0, expected a number from -1 to 1, not 0"),
        ({"strength": float("nan")}, "--strength is nan"),
        ({"strength": -1.5}, "--strength is -1.5"),
        ({"share": 1.0}, "--share is 1, expected a fraction"),
        ({"share": float("nan")}, "--share is nan"),
        ({"softness": -0.1}, "--softness is -0.1"),
        ({"softness": float("inf")}, "--softness is inf"),
    ],
)
def test_an_option_that_is_not_valid_is_named(changed: dict[str, object], said: str) -> None:
    given = {"formula": "rank", "margin": "clean", "strength": 0.5, "share": 0.2, "softness": 0.25}
    with pytest.raises(UsageError) as caught:
        WeightOptions.build(**{**given, **changed})  # type: ignore[arg-type]
    assert said in caught.value.what
