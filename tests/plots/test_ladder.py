"""What is lost, model by model."""

import pytest

from tests.plots.charts import check_size
from thinice_tui.analysis.proportions import proportion
from thinice_tui.plots.ladder import Loss, losses_by_model
from thinice_tui.plots.style import model_style

LOSSES = [
    Loss("pruned-90", "90%", 2, proportion(61, 327)),
    Loss("pruned-99", "99%", 1, proportion(217, 327)),
    Loss("control", "control", 3, proportion(28, 327)),
]


@pytest.mark.parametrize("size", [(60, 12), (80, 15), (140, 40)])
def test_it_has_the_size_asked_for_and_writes_every_value(size: tuple[int, int]) -> None:
    plain = losses_by_model(LOSSES, *size).plain
    check_size(losses_by_model(LOSSES, *size), *size)
    for words in ("90%", "99%", "control", "18.7", "66.4", "8.6", "n=327", "pruned away"):
        assert words in plain, words


def test_markers_are_not_hidden_by_values() -> None:
    below = losses_by_model(LOSSES, 80, 15).plain.split("┌")[1]
    assert all(below.count(model_style(one.number)[0]) == 1 for one in LOSSES)


def test_the_scale_is_that_of_what_is_there() -> None:
    assert "80┤" in losses_by_model(LOSSES, 80, 15).plain and "100┤" not in losses_by_model(LOSSES, 80, 15).plain
