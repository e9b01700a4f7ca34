"""Charts: of the size asked for, saying their n, and drawn alike from many threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from rich.text import Text

from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.analysis.proportions import flip_rates
from thinice_tui.plots.flip_rate import FlipRates, flip_rate_by_margin
from thinice_tui.plots.margins import margins_by_set


def margins_chart(width: int = 80, height: int = 15, n: int = 300, seed: int = 0) -> Text:
    random = np.random.default_rng(seed)
    chosen = random.integers(0, 4, n)
    sets = {name: chosen == i for i, name in enumerate(SETS)}
    return margins_by_set(random.normal(0, 2, n), sets, width, height, "dense margin")


def rates_chart(width: int = 80, height: int = 15, n: int = 300) -> Text:
    random = np.random.default_rng(0)
    margins = random.normal(0, 2, n)
    rates = flip_rates(margins, margins < 0)
    return flip_rate_by_margin([FlipRates("pruned", rates), FlipRates("control", rates)], width, height)


@pytest.mark.parametrize("size", [(60, 12), (80, 15), (140, 40)])
def test_a_chart_has_the_size_asked_for_and_says_its_n(size: tuple[int, int]) -> None:
    for chart in (margins_chart(*size), rates_chart(*size)):
        lines = chart.plain.rstrip("\n").split("\n")
        assert len(lines) <= size[1] and max(map(len, lines)) <= size[0]
        assert "n=" in chart.plain and "dense margin" in chart.plain


def test_sets_are_told_apart_by_shape() -> None:
    plain = margins_chart().plain
    assert all(marker in plain for marker in "●▼▲○")
    assert all(name in plain for name in SETS)


def test_intervals_are_drawn() -> None:
    assert "│" in rates_chart().plain and "± 95 %" in rates_chart().plain


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_samples_are_drawn_too(n: int) -> None:
    assert margins_chart(n=n).plain
    if n:
        assert rates_chart(n=n).plain


def test_threads_do_not_disturb_each_other() -> None:
    alone = [margins_chart(seed=seed).plain for seed in range(12)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: margins_chart(seed=seed).plain, range(12)))
    assert together == alone
