"""Flip rates by margin."""

import numpy as np
import pytest
from rich.text import Text

from tests.plots.charts import check_size
from thinice_tui.analysis.proportions import flip_rates
from thinice_tui.plots.flip_rate import FlipRates, flip_rate_by_margin, top_of
from thinice_tui.plots.style import model_style


def rates_chart(width: int = 80, height: int = 15, n: int = 300, marked: float | None = None) -> Text:
    margins = np.random.default_rng(0).normal(0, 2, n)
    rates = flip_rates(margins, margins < 0)
    series = [FlipRates("pruned", rates, 1), FlipRates("control", rates, 2)]
    return flip_rate_by_margin(series, width, height, marked)


@pytest.mark.parametrize("size", [(60, 12), (80, 15), (140, 40)])
def test_it_has_the_size_asked_for_and_says_its_n(size: tuple[int, int]) -> None:
    check_size(rates_chart(*size), *size)
    assert "dense margin" in rates_chart(*size).plain


def test_intervals_and_both_series_are_drawn() -> None:
    plain = rates_chart().plain
    assert "│" in plain and "pruned n=300 ± 95 %" in plain and "control n=300 ± 95 %" in plain
    assert all(model_style(number)[0] in plain for number in (1, 2))


def test_the_scale_is_that_of_what_is_there() -> None:
    margins = np.random.default_rng(0).normal(0, 2, 3000)
    rates = flip_rates(margins, np.arange(3000) % 20 == 0)
    plain = flip_rate_by_margin([FlipRates("pruned", rates, 1)], 80, 15).plain
    assert "10┤" in plain and "100┤" not in plain and "n=3000" in plain
    assert top_of([3.2, 41.0]) == 50 and top_of([99.0]) == 100 and top_of([0.0]) == 1


@pytest.mark.parametrize("n", [1, 2])
def test_few_samples_are_drawn_too(n: int) -> None:
    assert rates_chart(n=n).plain


@pytest.mark.parametrize("marked", [-100.0, 0.0, 100.0])
def test_a_mark_outside_all_groups_is_drawn_at_the_last(marked: float) -> None:
    assert rates_chart(marked=marked).plain != rates_chart().plain
    assert rates_chart(marked=float("nan")).plain == rates_chart().plain
