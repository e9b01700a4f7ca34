"""Flip rates by dense margin, a series a model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.text import Text

from thinice_tui.analysis.proportions import FlipRate
from thinice_tui.plots.canvas import Canvas, Entry, nice_step, round_ticks
from thinice_tui.plots.style import MARK_COLOUR, model_style

SPREAD = 0.4
"""The columns of one group, one a series, lie within so much of its width."""
TICKS = 5


@dataclass(frozen=True)
class FlipRates:
    """One model's flip rates by group of rising dense margin. number: the model's in its run."""

    name: str
    rates: Sequence[FlipRate]
    number: int


def flip_rate_by_margin(
    series: Sequence[FlipRates], width: int, height: int, marked: float | None = None, note: str = ""
) -> Text:
    """Flip rate in each group of rising dense margin, in %, with Wilson 95 % intervals as bars.

    A vertical line marks the group of the margin `marked`. note: added to the axis label.
    """
    first = series[0].rates
    n = f"n={sum(rate.n for rate in first)}"
    titles = (
        f"Flip rate in % of the samples dense holds, by group of rising dense margin, {n}",
        f"Flip rate, % of what dense holds, {n}",
    )
    legend = [
        Entry(*model_style(one.number), f"{one.name} n={sum(rate.n for rate in one.rates)} ± 95 %") for one in series
    ]
    canvas = Canvas(width, height, titles, legend)
    figure = canvas.figure
    if marked is not None and np.isfinite(marked):
        group = 1 + int(np.searchsorted([rate.margin_high for rate in first], marked))
        figure.vertical_line(min(group, len(first)) - SPREAD, MARK_COLOUR)
    step = SPREAD / max(1, len(series) - 1)
    for place, one in reversed(list(enumerate(series))):
        marker, colour = model_style(one.number)
        places = [x + step * place for x in range(1, len(one.rates) + 1)]
        for at, rate in zip(places, one.rates, strict=True):
            figure.plot([at, at], [100 * rate.low, 100 * rate.high], marker="│", color=colour)
        figure.scatter(places, [100 * rate.rate for rate in one.rates], marker=marker, color=colour)
    xs = list(range(1, len(first) + 1))
    figure.xlabel(f"dense margin, {len(first)} groups of equal size, lowest first{note}")
    figure.xticks(xs)
    figure.xlim(0.5, len(first) + 0.7)
    top = top_of([100 * rate.high for one in series for rate in one.rates])
    figure.ylim(0, top)
    ticks = round_ticks(0, top, TICKS)
    figure.yticks(ticks, [f"{tick:g}" for tick in ticks])
    return canvas.to_text()


def top_of(percents: Sequence[float]) -> float:
    """The end of an axis in % that has room for `percents`: a round number, at most 100."""
    highest = max(percents, default=100.0)
    step = nice_step(highest, TICKS)
    return float(min(100.0, np.ceil(highest / step) * step)) or 1.0
