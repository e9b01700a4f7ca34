"""The charts of a comparison, as rich text of the width and height asked for. All say their n.

Series differ by their marker before their colour, so that they can be told apart without any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from thinice_tui.analysis.comparison import SETS, ModelSummary
from thinice_tui.analysis.statistics import Estimate, FlipRate
from thinice_tui.plots.canvas import new_figure, to_text

SET_MARKERS = {"S11": "●", "S10": "▼", "S01": "▲", "S00": "○"}
SET_COLOURS = {"S11": "blue", "S10": "red", "S01": "green", "S00": "gray"}
MODEL_MARKERS = "●▼▲◆■◇○"
MODEL_COLOURS = ("blue", "red", "orange", "magenta", "cyan", "green", "gray")
BINS = 24
SHIFT = 0.2
PERCENTS = [0, 25, 50, 75, 100]


@dataclass(frozen=True)
class Rates:
    """A series of flip rates by margin quantile, with the name to show."""

    name: str
    rates: Sequence[FlipRate]


def margins_by_set(
    margins: NDArray[np.float64], sets: Mapping[str, NDArray[np.bool_]], width: int, height: int, label: str
) -> Text:
    """Histogram of margins [n] in each set, as a share of that set; `sets`: masks [n] by name.

    The range is the middle 99 % of all margins; what lies outside counts into the outermost bins.
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
            label=f"{name} n={len(inside)}",
        )
    figure.title(f"Dense margins by set, % of each set's samples, n={len(margins)}")
    figure.xlabel(label)
    figure.ylim(0, None)
    return to_text(figure)


def flip_rate_by_margin(series: Sequence[Rates], width: int, height: int) -> Text:
    """Flip rate per quantile of the dense margin, with Wilson 95 % intervals as bars for the first series."""
    figure = new_figure(width, height)
    first = series[0].rates
    xs = list(range(1, len(first) + 1))
    middles = [50 * (rate.low + rate.high) for rate in first]
    spans = [100 * (rate.high - rate.low) for rate in first]
    figure.error(xs, middles, yerr=spans, color=MODEL_COLOURS[0])
    for number, one in enumerate(series):
        marker = MODEL_MARKERS[number % len(MODEL_MARKERS)]
        colour = MODEL_COLOURS[number % len(MODEL_COLOURS)]
        places = [x + SHIFT * number for x in range(1, len(one.rates) + 1)]
        label = f"{one.name} n={sum(rate.n for rate in one.rates)}" + (" ± 95 %" if number == 0 else "")
        figure.scatter(places, [100 * rate.rate for rate in one.rates], marker=marker, color=colour, label=label)
    figure.title("Flip rate in % of the samples dense holds, by group of rising dense margin")
    figure.xlabel(f"dense margin, {len(first)} groups of equal size, lowest first")
    figure.xticks(xs)
    figure.xlim(0.8, len(first) + 0.6)
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    return to_text(figure)


def accuracy_by_stage(models: Sequence[ModelSummary], width: int, height: int) -> Text:
    """Clean accuracy, then robust accuracy after each finished stage, a line a model."""
    figure = new_figure(width, height)
    names = ["clean"] + [stage.name for stage in models[0].stages]
    for number, summary in enumerate(models):
        found: list[Estimate | None] = [summary.clean_accuracy]
        found += [stage.robust_accuracy_after for stage in summary.stages]
        points = [(i, 100 * e.value) for i, e in enumerate(found) if e is not None]
        if not points:
            continue
        figure.plot(
            [x for x, _ in points],
            [y for _, y in points],
            marker=MODEL_MARKERS[number % len(MODEL_MARKERS)],
            color=MODEL_COLOURS[number % len(MODEL_COLOURS)],
            label=summary.model.record.name,
        )
    n = models[0].clean_accuracy.n if models[0].clean_accuracy else 0
    figure.title(f"Accuracy in % after each stage, n={n}")
    figure.xticks(list(range(len(names))), names)
    figure.xlim(-0.3, len(names) - 0.7)
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    return to_text(figure)
