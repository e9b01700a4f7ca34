"""The logit margin, against its definition in plain Python."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from thinice_tui.protocol.margins import logit_margin


@given(
    logits=st.lists(st.lists(st.floats(-50, 50), min_size=4, max_size=4), min_size=1, max_size=20),
    label=st.integers(0, 3),
)
def test_margin_is_positive_exactly_where_the_label_wins(logits: list[list[float]], label: int) -> None:
    array, labels = np.array(logits), np.full(len(logits), label)
    for row, margin in zip(logits, logit_margin(array, labels), strict=True):
        others = [value for j, value in enumerate(row) if j != label]
        assert margin == row[label] - max(others)
    assert np.array_equal(array, np.array(logits)), "the argument is left as it was"


def test_margin_of_unknown_logits_is_unknown() -> None:
    assert np.isnan(logit_margin(np.full((1, 3), np.nan, dtype=np.float32), np.array([0]))).all()
