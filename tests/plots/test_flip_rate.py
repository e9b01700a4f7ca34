"""Flip rates by margin."""

import numpy as np
import pytest
from rich.text import Text

from tests.plots.charts import check_size
from thinice_tui.analysis.proportions import flip_rates
from thinice_tui.plots.flip_rate import FlipRates, flip_rate_by_margin


def rates_chart(width: int = 80, height: int = 15, n: int = 300, marked: float | None = None) -> Text:
    margins = np.random.default_rng(0).normal(0, 2, n)
    rates = flip_rates(margins, margins < 0)
    series = [FlipRates("pruned", rates), FlipRates("control", rates)]
    return flip_rate_by_margin(series, width, height, marked)


@pytest.mark.parametrize("size", [(60, 12), (80, 15), (140, 40)])
def test_it_has_the_size_asked_for_and_says_its_n(size: tuple[int, int]) -> None:
    check_size(rates_chart(*size), *size)
    assert "dense margin" in rates_chart(*size).plain


def test_intervals_and_both_series_are_drawn() -> None:
    plain = rates_chart().plain
    assert "│" in plain and "pruned n=300 ± 95 %" in plain and "control n=300 ± 95 %" in plain
    assert "●" in plain and "▼" in plain


@pytest.mark.parametrize("n", [1, 2])
def test_few_samples_are_drawn_too(n: int) -> None:
    assert rates_chart(n=n).plain


@pytest.mark.parametrize("marked", [-100.0, 0.0, 100.0])
def test_a_mark_outside_all_groups_is_drawn_at_the_last(marked: float) -> None:
    assert rates_chart(marked=marked).plain != rates_chart().plain
    assert rates_chart(marked=float("nan")).plain == rates_chart().plain
