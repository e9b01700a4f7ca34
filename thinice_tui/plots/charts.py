"""The charts of a comparison, as rich text of the width and height asked for. All say their n.

Series differ by their marker before their colour, so that they can be told apart without any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

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
MARK_COLOUR = "orange"
POINTS = 2000
"""More points than cells show nothing more, and take plotext long."""
PERCENTS = [0, 25, 50, 75, 100]


@dataclass(frozen=True)
class Rates:
    """A series of flip rates by margin quantile, with the name to show."""

    name: str
    rates: Sequence[FlipRate]


def margins_by_set(
    margins: NDArray[np.floating],
    sets: Mapping[str, NDArray[np.bool_]],
    width: int,
    height: int,
    label: str,
    marked: float | None = None,
    called: Mapping[str, str] = MappingProxyType({}),
) -> Text:
    """Histogram of margins [n] in each set, as a share of that set; `sets`: masks [n] by name.

    called: other names for sets.

    The range is the middle 99 % of all margins; what lies outside counts into the outermost bins. A
    line stands at the margin `marked`.
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
            label=f"{called.get(name, name)} n={len(inside)}",
        )
    if marked is not None and np.isfinite(marked):
        figure.vertical_line(float(np.clip(marked, edges[0], edges[-1])), MARK_COLOUR)
    n = f"n={len(known)}"
    titled(figure, width, f"Dense margins by set, % of each set's samples, {n}", f"Margins, % of each set, {n}")
    figure.xlabel(label)
    figure.ylim(0, None)
    return to_text(figure)


def flip_rate_by_margin(
    series: Sequence[Rates], width: int, height: int, marked: float | None = None, note: str = ""
) -> Text:
    """Flip rate per quantile of the dense margin, with Wilson 95 % intervals as bars.

    A line stands in the group that the margin `marked` falls into. note: added to the axis.
    """
    figure = new_figure(width, height)
    first = series[0].rates
    if marked is not None and np.isfinite(marked):
        group = 1 + int(np.searchsorted([rate.margin_high for rate in first], marked))
        figure.vertical_line(min(group, len(first)) - SHIFT, MARK_COLOUR)
    for number, one in enumerate(series):
        marker = MODEL_MARKERS[number % len(MODEL_MARKERS)]
        colour = MODEL_COLOURS[number % len(MODEL_COLOURS)]
        places = [x + SHIFT * number for x in range(1, len(one.rates) + 1)]
        for place, rate in zip(places, one.rates, strict=True):
            figure.plot([place, place], [100 * rate.low, 100 * rate.high], marker="│", color=colour)
        label = f"{one.name} n={sum(rate.n for rate in one.rates)} ± 95 %"
        figure.scatter(places, [100 * rate.rate for rate in one.rates], marker=marker, color=colour, label=label)
    xs = list(range(1, len(first) + 1))
    n = f"n={sum(rate.n for rate in first)}"
    titled(
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


def margin_ranks(
    dense: NDArray[np.floating],
    other: NDArray[np.floating],
    sets: Mapping[str, NDArray[np.bool_]],
    names: tuple[str, str],
    width: int,
    height: int,
    marked: int | None = None,
    note: str = "",
) -> Text:
    """Each sample's rank among the dense margins against its rank among the other model's; both [n].

    Ranks, in % of the samples (0: the smallest margin), because the scales of two models' logits
    differ. A spread subset of at most POINTS is drawn; lines cross at the sample numbered
    `marked`. note: added to the axis.
    """
    figure = new_figure(width, height)
    known = np.flatnonzero(np.isfinite(dense) & np.isfinite(other))
    ranks = [np.full(len(dense), np.nan), np.full(len(dense), np.nan)]
    for place, margins in zip(ranks, (dense, other), strict=True):
        place[known[np.argsort(margins[known], kind="stable")]] = 100 * np.arange(len(known)) / max(len(known) - 1, 1)
    drawn = np.zeros(len(dense), dtype=bool)
    drawn[known[:: -(-len(known) // POINTS) or 1]] = True
    for name in SETS:
        inside = np.flatnonzero(sets[name] & drawn)
        if len(inside):
            x, y = (place[inside].tolist() for place in ranks)
            label = f"{name} n={int(sets[name].sum())}"
            figure.scatter(x, y, marker=SET_MARKERS[name], color=SET_COLOURS[name], label=label)
    if marked is not None and np.isfinite(ranks[0][marked]):
        figure.vertical_line(float(ranks[0][marked]), MARK_COLOUR)
        figure.horizontal_line(float(ranks[1][marked]), MARK_COLOUR)
    shown = "" if drawn.sum() == len(known) else f", {int(drawn.sum())} drawn"
    n = f"n={len(known)}{shown}"
    titled(figure, width, f"Margin ranks in %, {names[0]} across, {names[1]} up, {n}", f"Margin ranks in %, {n}")
    figure.xlabel(f"rank of the {names[0]} margin, % (lowest first){note}")
    figure.xlim(0, 100)
    figure.ylim(0, 100)
    figure.xticks(PERCENTS)
    figure.yticks(PERCENTS)
    return to_text(figure)


def accuracy_by_stage(models: Sequence[ModelSummary], width: int, height: int) -> Text:
    """Clean accuracy, then robust accuracy after each finished stage, a line a model."""
    figure = new_figure(width, height)
    names = ["clean"] + [stage.name for stage in models[0].stages]
    for number, summary in enumerate(models):
        found: list[Estimate | None] = [summary.clean_accuracy]
        found += [stage.robust_accuracy_after for stage in summary.stages]
        points = [(i, 100 * e.value) for i, e in enumerate(found) if e is not None and e.n]
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
    titled(figure, width, f"Accuracy in % after each stage, n={n}")
    figure.xticks(list(range(len(names))), names)
    figure.xlim(-0.3, len(names) - 0.7)
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    return to_text(figure)


def titled(figure: Any, width: int, *titles: str) -> None:
    """The first title that fits, because plotext drops one that does not; the last is cut."""
    figure.title(next((title for title in titles if len(title) <= width - 2), titles[-1][: width - 2]))
