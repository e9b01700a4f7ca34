"""Histogram of margins, set by set."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.plots.canvas import new_figure, set_title, to_text
from thinice_tui.plots.style import MARK_COLOUR, SET_COLOURS, SET_MARKERS

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

    The range is the middle 99 % of all margins; the outermost bins hold what lies outside. A vertical line marks the
    margin `marked`. label: of the axis; set_names: other names for sets.
    """
    figure = new_figure(width, height)
    known = margins[np.isfinite(margins)]
    low, high = np.quantile(known, [0.005, 0.995]) if len(known) else (0.0, 1.0)
    edges = np.linspace(low, max(high, low + 1e-6), BINS + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    for name in SETS:
        inside = margins[sets[name] & np.isfinite(margins)]
        if not len(inside):
            continue
        counts, _ = np.histogram(np.clip(inside, edges[0], edges[-1]), edges)
        shown = slice(int(np.argmax(counts > 0)), BINS - int(np.argmax(counts[::-1] > 0)))
        figure.plot(
            centres[shown].tolist(),
            (100 * counts[shown] / len(inside)).tolist(),
            marker=SET_MARKERS[name],
            color=SET_COLOURS[name],
            label=f"{set_names.get(name, name)} n={len(inside)}",
        )
    if marked is not None and np.isfinite(marked):
        figure.vertical_line(float(np.clip(marked, edges[0], edges[-1])), MARK_COLOUR)
    n = f"n={len(known)}"
    set_title(figure, width, f"Dense margins by set, % of each set's samples, {n}", f"Margins, % of each set, {n}")
    figure.xlabel(label)
    figure.ylim(0, None)
    return to_text(figure)
