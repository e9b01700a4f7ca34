"""The histogram of margins by set."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from rich.text import Text

from tests.plots.charts import check_size
from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.plots.margins import margins_by_set


def margins_chart(width: int = 80, height: int = 15, n: int = 300, seed: int = 0) -> Text:
    random = np.random.default_rng(seed)
    chosen = random.integers(0, 4, n)
    sets = {name: chosen == i for i, name in enumerate(SETS)}
    return margins_by_set(random.normal(0, 2, n), sets, width, height, "dense margin")


@pytest.mark.parametrize("size", [(60, 12), (80, 15), (140, 40)])
def test_it_has_the_size_asked_for_and_says_its_n(size: tuple[int, int]) -> None:
    check_size(margins_chart(*size), *size)
    assert "dense margin" in margins_chart(*size).plain


def test_sets_are_told_apart_by_shape() -> None:
    plain = margins_chart().plain
    assert all(marker in plain for marker in "●▼▲○")
    assert all(name in plain for name in SETS)


def test_sets_may_have_other_names_and_empty_ones_are_left_out() -> None:
    sets = {name: np.full(20, name == "S11") for name in SETS}
    plain = margins_by_set(np.linspace(0, 1, 20), sets, 80, 15, "margin", set_names={"S11": "held"}).plain
    assert "held n=20" in plain and "S11" not in plain and "S00" not in plain


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_samples_are_drawn_too(n: int) -> None:
    assert margins_chart(n=n).plain


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_margins_that_are_not_finite_are_not_counted(value: float) -> None:
    sets = {name: np.full(3, name == "S11") for name in SETS}
    assert "n=2" in margins_by_set(np.array([0.5, value, 1.5]), sets, 80, 15, "margin").plain


def test_threads_do_not_disturb_each_other() -> None:
    alone = [margins_chart(seed=seed).plain for seed in range(12)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: margins_chart(seed=seed).plain, range(12)))
    assert together == alone
