"""The scatter plot of margin ranks."""

import numpy as np
import pytest
from rich.text import Text

from tests.plots.charts import check_size
from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.plots.margin_ranks import POINTS, margin_ranks


def ranks(n: int = 300, width: int = 80, height: int = 15, marked: int | None = None, scale: float = 1.0) -> Text:
    random = np.random.default_rng(0)
    dense = random.normal(0, 1, n)
    sets = {name: np.arange(n) % 4 == i for i, name in enumerate(SETS)}
    return margin_ranks(dense, scale * (dense + random.normal(0, 1, n)), sets, ("dense", "half"), width, height, marked)


@pytest.mark.parametrize("size", [(60, 12), (80, 15), (140, 40)])
def test_it_has_the_size_asked_for_and_says_its_n(size: tuple[int, int]) -> None:
    check_size(ranks(width=size[0], height=size[1]), *size)
    assert "dense" in ranks().plain and "half" in ranks(width=140).plain


def test_the_scale_of_a_models_logits_does_not_matter() -> None:
    assert ranks(scale=1000.0).plain == ranks().plain


def test_many_samples_are_thinned_out_and_that_is_said() -> None:
    assert f"n=4000, {POINTS} drawn" in ranks(n=2 * POINTS).plain and "drawn" not in ranks().plain


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_samples_are_drawn_too(n: int) -> None:
    assert ranks(n=n).plain


def test_lines_cross_at_the_marked_sample() -> None:
    assert ranks(marked=5).plain != ranks().plain
