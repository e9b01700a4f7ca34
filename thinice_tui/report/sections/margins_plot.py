"""The plot of margins by set."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from thinice_tui.plots.margins import margin_histograms, margins_by_set
from thinice_tui.report.document.blocks import Plot
from thinice_tui.report.document.charts import Chart, Series

SAME: Mapping[str, str] = MappingProxyType({})


def margins_plot(
    margins: NDArray[np.floating], sets: Mapping[str, NDArray[np.bool_]], label: str, names: Mapping[str, str] = SAME
) -> Plot:
    """The margins [n] of each set's samples, as histograms in % of the set; sets: masks [n]; names: of sets."""
    edges, shares = margin_histograms(margins, sets)
    series, said = [], []
    for name, share in shares.items():
        inside = margins[sets[name] & np.isfinite(margins)]
        shown = names.get(name, name)
        series.append(Series(f"{shown} n={len(inside)}", edges, share, name))
        said.append(f"{shown} {float(np.median(inside)):.2f} (n={len(inside)})")
    n = int(np.isfinite(margins).sum())
    chart = Chart(f"Dense margins by set, n={n}", label, "% of each set's samples", "bars", series)
    terminal = partial(margins_by_set, margins, sets, label=label, set_names=names)
    return Plot(chart, terminal, f"Histograms of the {label}. Medians: {'; '.join(said)}.")
