"""The figure that every plot is drawn on, its title and legend, round ticks, and labels that do not overlap."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinice_tui.plots.canvas import Canvas, Entry, legend_lines, nice_step, rich_colour, round_ticks, spread


def test_a_figure_is_larger_than_a_terminal_where_that_is_asked_for() -> None:
    canvas = Canvas(150, 50, ["title"], [Entry("●", "blue", "one")])
    canvas.figure.plot([0, 1], [0, 1])
    lines = canvas.to_text().plain.rstrip("\n").split("\n")
    assert len(lines) == 50 and max(map(len, lines)) == 150
    assert lines[0].strip() == "title" and lines[1].strip() == "● one"


@pytest.mark.parametrize(
    ("width", "shown"), [(40, "a long title of a plot"), (20, "a shorter title"), (10, "a shorter ")]
)
def test_the_first_title_that_fits_is_set(width: int, shown: str) -> None:
    canvas = Canvas(width, 10, ["a long title of a plot", "a shorter title"])
    canvas.figure.plot([0, 1], [0, 1])
    assert canvas.to_text().plain.split("\n")[0].strip() == shown.strip()


def test_a_legend_takes_no_more_lines_than_it_may_and_says_what_it_leaves_out() -> None:
    entries = [Entry("■", "cyan", f"a model with a long name {number}") for number in range(9)]
    lines = legend_lines(entries, 60, 2)
    assert [line.cell_len for line in lines] == [60, 60] and lines[-1].plain.rstrip().endswith("…")
    assert len(legend_lines(entries, 300, 2)) == 1
    assert all(line.cell_len == 12 for line in legend_lines(entries, 12, 3))


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [(0, 100, 5, [0, 20, 40, 60, 80, 100]), (0, 6.4, 7, [0, 1, 2, 3, 4, 5, 6]), (-1.3, 1.3, 6, [-1, -0.5, 0, 0.5, 1])],
)
def test_ticks_are_round_numbers(low: float, high: float, most: int, ticks: list[float]) -> None:
    assert round_ticks(low, high, most) == pytest.approx(ticks)
    assert all(f"{tick:g}" != "-0" for tick in round_ticks(low, high, most))


@given(st.floats(1e-6, 1e9), st.integers(1, 100))
def test_a_step_is_the_least_round_one_that_covers_the_span(span: float, most: int) -> None:
    step = nice_step(span, most)
    assert step * most >= span * (1 - 1e-6)
    digit = step / 10 ** np.floor(np.log10(step * (1 + 1e-9)))
    assert min(abs(digit - nice) for nice in (1, 2, 5)) < 1e-6


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8))
def test_labels_keep_apart_and_in_order(values: list[float]) -> None:
    places = spread(values, 10, 0, 100)
    ordered = [places[number] for number in sorted(range(len(values)), key=values.__getitem__)]
    assert all(b - a >= 10 - 1e-9 for a, b in itertools.pairwise(ordered))
    assert ordered[-1] <= 100 and ordered[0] >= 0


def test_colours_are_the_terminals_own() -> None:
    assert [rich_colour(name) for name in ("orange", "cyan+", "gray", "default")] == [
        "yellow",
        "bright_cyan",
        "bright_black",
        "default",
    ]
