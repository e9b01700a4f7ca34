"""Flip rates by dense margin, a series a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.text import Text

from thinice_tui.analysis.proportions import FlipRate
from thinice_tui.plots.canvas import new_figure, set_title, to_text
from thinice_tui.plots.style import MARK_COLOUR, PERCENTS, model_style

SHIFT = 0.2
"""Columns of two series stand this far apart, in units of a group."""


@dataclass(frozen=True)
class FlipRates:
    """One model's flip rates by group of rising dense margin."""

    name: str
    rates: Sequence[FlipRate]


def flip_rate_by_margin(
    series: Sequence[FlipRates], width: int, height: int, marked: float | None = None, note: str = ""
) -> Text:
    """Flip rate in each group of rising dense margin, in %, with Wilson 95 % intervals as bars.

    A vertical line marks the group of the margin `marked`. note: added to the axis label.
    """
    figure = new_figure(width, height)
    first = series[0].rates
    if marked is not None and np.isfinite(marked):
        group = 1 + int(np.searchsorted([rate.margin_high for rate in first], marked))
        figure.vertical_line(min(group, len(first)) - SHIFT, MARK_COLOUR)
    for number, one in enumerate(series):
        marker, colour = model_style(number)
        places = [x + SHIFT * number for x in range(1, len(one.rates) + 1)]
        for place, rate in zip(places, one.rates, strict=True):
            figure.plot([place, place], [100 * rate.low, 100 * rate.high], marker="│", color=colour)
        label = f"{one.name} n={sum(rate.n for rate in one.rates)} ± 95 %"
        figure.scatter(places, [100 * rate.rate for rate in one.rates], marker=marker, color=colour, label=label)
    xs = list(range(1, len(first) + 1))
    n = f"n={sum(rate.n for rate in first)}"
    set_title(
        figure,
        width,
        f"Flip rate in % of the samples dense holds, by group of rising dense margin, {n}",
        f"Flip rate, % of what dense holds, {n}",
    )
    figure.xlabel(f"dense margin, {len(first)} groups of equal size, lowest first{note}")
    figure.xticks(xs)
    figure.xlim(0.8, len(first) + 0.6)
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    return to_text(figure)
