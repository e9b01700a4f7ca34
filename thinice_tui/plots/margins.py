"""Histogram of margins, set by set."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.plots.canvas import new_figure, set_title, to_text
from thinice_tui.plots.style import MARK_COLOUR, SET_COLOURS, SET_MARKERS

Array = NDArray[np.float64]
BINS = 24


def margins_by_set(
    margins: NDArray[np.floating],
    sets: Mapping[str, NDArray[np.bool_]],
    width: int,
    height: int,
    label: str,
    marked: float | None = None,
    set_names: Mapping[str, str] = MappingProxyType({}),
) -> Text:
    """Histogram of the margins [n] in each set, in % of that set; sets: bool masks [n] by name.

    A vertical line marks the margin `marked`. label: of the axis; set_names: other names for sets.
    """
    figure = new_figure(width, height)
    edges, shares = margin_histograms(margins, sets)
    centres = (edges[1:] + edges[:-1]) / 2
    for name, share in shares.items():
        shown = slice(int(np.argmax(share > 0)), BINS - int(np.argmax(share[::-1] > 0)))
        figure.plot(
            centres[shown].tolist(),
            share[shown].tolist(),
            marker=SET_MARKERS[name],
            color=SET_COLOURS[name],
            label=f"{set_names.get(name, name)} n={int((sets[name] & np.isfinite(margins)).sum())}",
        )
    if marked is not None and np.isfinite(marked):
        figure.vertical_line(float(np.clip(marked, edges[0], edges[-1])), MARK_COLOUR)
    n = f"n={int(np.isfinite(margins).sum())}"
    set_title(figure, width, f"Dense margins by set, % of each set's samples, {n}", f"Margins, % of each set, {n}")
    figure.xlabel(label)
    figure.ylim(0, None)
    return to_text(figure)


def margin_histograms(
    margins: NDArray[np.floating], sets: Mapping[str, NDArray[np.bool_]]
) -> tuple[Array, dict[str, Array]]:
    """The edges of the bins [BINS + 1], and for each set that has margins the share of its samples in each, in %.

    The range is the middle 99 % of all known margins [n]; the outermost bins hold what lies outside.
    """
    known = margins[np.isfinite(margins)]
    low, high = np.quantile(known, [0.005, 0.995]) if len(known) else (0.0, 1.0)
    edges = np.linspace(low, max(high, low + 1e-6), BINS + 1)
    shares = {}
    for name in SETS:
        inside = margins[sets[name] & np.isfinite(margins)]
        if len(inside):
            counts, _ = np.histogram(np.clip(inside, edges[0], edges[-1]), edges)
            shares[name] = 100 * counts / len(inside)
    return edges, shares
