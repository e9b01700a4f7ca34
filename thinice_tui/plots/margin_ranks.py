"""Scatter plot of margin ranks: dense against one other model, by set."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.plots.canvas import Canvas, Entry, make_clickable
from thinice_tui.plots.style import MARK_COLOUR, PERCENTS, SET_COLOURS, SET_MARKERS

POINTS = 2000
"""More points than this show nothing more in a terminal's cells, and plotext slows down."""


def margin_ranks(
    dense: NDArray[np.floating],
    other: NDArray[np.floating],
    sets: Mapping[str, NDArray[np.bool_]],
    names: tuple[str, str],
    width: int,
    height: int,
    marked: int | None = None,
    note: str = "",
    click: Callable[[int], str] | None = None,
) -> Text:
    """Each sample's rank among the dense margins [n] against its rank among the other model's margins [n].

    Ranks are in % of the samples, 0 the smallest margin: the scales of two models' logits differ. At most POINTS
    samples are drawn, evenly spread. Two lines cross at the sample number `marked`. note: added to the axis label;
    click: what a click on a sample does, by its number.
    """
    known = np.flatnonzero(np.isfinite(dense) & np.isfinite(other))
    ranks = [np.full(len(dense), np.nan), np.full(len(dense), np.nan)]
    for place, margins in zip(ranks, (dense, other), strict=True):
        place[known[np.argsort(margins[known], kind="stable")]] = 100 * np.arange(len(known)) / max(len(known) - 1, 1)
    drawn = np.zeros(len(dense), dtype=bool)
    drawn[known[:: -(-len(known) // POINTS) or 1]] = True
    shown = "" if drawn.sum() == len(known) else f", {int(drawn.sum())} drawn"
    n = f"n={len(known)}{shown}"
    titles = (f"Margin ranks in %, {names[0]} across, {names[1]} up, {n}", f"Margin ranks in %, {n}")
    present = [name for name in SETS if (sets[name] & drawn).any()]
    legend = [Entry(SET_MARKERS[name], SET_COLOURS[name], f"{name} n={int(sets[name].sum())}") for name in present]
    canvas = Canvas(width, height, titles, legend)
    figure = canvas.figure
    for name in present:
        x, y = (place[np.flatnonzero(sets[name] & drawn)].tolist() for place in ranks)
        figure.scatter(x, y, marker=SET_MARKERS[name], color=SET_COLOURS[name])
    if marked is not None and np.isfinite(ranks[0][marked]):
        figure.vertical_line(float(ranks[0][marked]), MARK_COLOUR)
        figure.horizontal_line(float(ranks[1][marked]), MARK_COLOUR)
    figure.xlabel(f"rank of the {names[0]} margin, % (lowest first){note}")
    figure.xlim(0, 100)
    figure.ylim(0, 100)
    figure.xticks(PERCENTS)
    figure.yticks(PERCENTS)
    text = canvas.to_text()
    if click is not None:
        # the sets that are drawn last are on top
        shown_last = [int(n) for name in reversed(present) for n in np.flatnonzero(sets[name] & drawn)[::-1]]
        points = [(float(ranks[0][n]), float(ranks[1][n]), click(n)) for n in shown_last]
        make_clickable(text, points, (0, 100), (0, 100))
    return text
