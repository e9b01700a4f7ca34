"""The figure that every plot is drawn on."""

import pytest

from thinice_tui.plots.canvas import new_figure, set_title, to_text


def test_a_figure_is_larger_than_a_terminal_where_that_is_asked_for() -> None:
    figure = new_figure(150, 50)
    figure.plot([0, 1], [0, 1])
    lines = to_text(figure).plain.rstrip("\n").split("\n")
    assert len(lines) == 50 and max(map(len, lines)) == 150


@pytest.mark.parametrize(("width", "shown"), [(40, "a long title of a plot"), (22, "a shorter title")])
def test_the_first_title_that_fits_is_set(width: int, shown: str) -> None:
    figure = new_figure(width, 10)
    figure.plot([0, 1], [0, 1])
    set_title(figure, width, "a long title of a plot", "a shorter title")
    assert to_text(figure).plain.split("\n")[0].strip() == shown
