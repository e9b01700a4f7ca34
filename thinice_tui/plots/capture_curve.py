"""The capture curve: how many of all losses lie within the lowest dense margins."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from thinice_tui.analysis.capture import CaptureCurve
from thinice_tui.plots.canvas import Canvas, Entry
from thinice_tui.plots.style import PERCENTS, model_style

HEADLINE = 20
"""The share of lowest margins, in %, at which the values are written."""


@dataclass(frozen=True)
class Captured:
    """One model's curve. number: the model's in its run."""

    name: str
    curve: CaptureCurve
    number: int


def capture_plot(series: Sequence[Captured], width: int, height: int, note: str = "") -> Text:
    """Losses captured, in %, over the share of lowest margins, with the diagonal of no association.

    Legends say what the lowest HEADLINE % hold. note: added to the axis label.
    """
    n = f"n={series[0].curve.losses}"
    titles = (f"Losses within the lowest dense margins, %, {n}", f"Losses captured, %, {n}")
    legend = [Entry(*model_style(one.number), _label(one)) for one in series]
    canvas = Canvas(width, height, titles, [*legend, Entry("·", "gray", "no association")])
    figure = canvas.figure
    lowest = (100 * series[0].curve.lowest).tolist()
    figure.plot(lowest, lowest, marker="·", color="gray")
    figure.vertical_line(HEADLINE, "gray")
    for one in reversed(series):
        marker, colour = model_style(one.number)
        figure.plot(lowest, (100 * one.curve.captured).tolist(), marker=marker, color=colour)
    figure.xlabel(f"lowest dense margins, % of what dense holds{note}")
    figure.ylim(0, 100)
    figure.yticks(PERCENTS)
    figure.xticks([0, HEADLINE, 40, 60, 80, 100])
    return canvas.to_text()


def _label(one: Captured) -> str:
    headline = one.curve.headline
    said = "" if headline.value != headline.value else f": {100 * headline.value:.0f} % in the lowest {HEADLINE} %"
    return f"{one.name} n={one.curve.losses}{said}"
