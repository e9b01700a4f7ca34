"""Charts as SVG, drawn by matplotlib: the same bytes for the same chart, and colours that the page's style decides."""

import io
import re
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np

from thinice_tui.report.document.charts import Chart, Series

SIZE = 6.0, 3.6
"""Width and height in inches; the page scales it."""
LONGEST_NAME = 40
"""Characters of a name in a legend; tables have the whole name."""
INK, FAINT = "#010101", "#010102"
"""Colours that stand for the page's own."""
SHIFT = 0.14
"""Points of two series stand this far apart, in units of a group."""
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11.5,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": FAINT,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.constrained_layout.use": True,
}
SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"


@dataclass(frozen=True)
class Look:
    """How a series is drawn: told from the others by line and marker, too. colour: a variable of the page's style."""

    colour: str
    marker: str
    line: str | tuple[int, tuple[int, ...]]
    filled: bool = True


# the markers of plots/style.py, by matplotlib's names
SETS = {
    "S11": Look("--s11", "o", "-"),
    "S10": Look("--s10", "v", "--"),
    "S01": Look("--s01", "^", "-."),
    "S00": Look("--s00", "o", ":", filled=False),
}
MODELS = (
    Look("--m0", "s", "-"),
    Look("--m1", "D", "--"),
    Look("--m2", "P", "-."),
    Look("--m3", "X", ":"),
    Look("--m4", "*", (0, (5, 1))),
    Look("--m5", "s", (0, (1, 1)), filled=False),
    Look("--m6", "D", (0, (3, 1, 1, 1)), filled=False),
)
COLOURS = {look.colour: f"#0102{number:02x}" for number, look in enumerate((*SETS.values(), *MODELS))}
"""By variable, the colour that stands for it while matplotlib draws."""
VARIABLES = {colour: f"var({name})" for name, colour in ({"--ink": INK, "--line": FAINT} | COLOURS).items()}


def svg(chart: Chart, number: int, alt: str) -> str:
    """The chart as an `<svg>` element. number: of the figure in the page, which makes its ids its own."""
    from matplotlib import rc_context, rcdefaults, rcParams
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with rc_context():
        rcdefaults()  # whatever the user's own settings are
        rcParams.update(SETTINGS | {"svg.hashsalt": f"thinice-{number}"})
        figure = Figure(figsize=SIZE)
        FigureCanvasSVG(figure)
        _draw(figure.add_subplot(), chart)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    return _embedded(stream.getvalue(), f"plot{number}-", alt)


def _draw(axes: Any, chart: Chart) -> None:
    handles = [_series(axes, chart, one, at) for at, one in enumerate(chart.series)]
    names = [_short(one.name) for one in chart.series]
    if chart.mark is not None:
        handles.append(axes.axvline(chart.mark[0], color=INK, linewidth=1, linestyle=(0, (1, 3))))
        names.append(chart.mark[1])
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(chart.y_label)
    if chart.percent:
        axes.set_ylim(0, 100)
    else:
        axes.set_ylim(bottom=0)
    if chart.ticks:
        axes.set_xticks(range(len(chart.ticks)), [_short(tick) for tick in chart.ticks])
        if sum(map(len, chart.ticks)) > 60:
            axes.tick_params("x", rotation=30)
    axes.set_axisbelow(True)
    if handles:
        legend = axes.figure.legend(handles, names, loc="outside upper center", ncols=3, frameon=False, fontsize=10.5)
        legend.set_in_layout(True)


def _series(axes: Any, chart: Chart, one: Series, at: int) -> Any:
    look = look_of(one.style)
    colour = COLOURS[look.colour]
    inside = colour if look.filled else "none"
    if chart.kind == "bars":
        return axes.stairs(one.y, one.x, color=colour, linewidth=1.8, linestyle=look.line)
    if chart.kind == "points":
        x = one.x + SHIFT * (at - (len(chart.series) - 1) / 2)
        below, above = (np.zeros_like(one.y) if end is None else np.abs(end - one.y) for end in (one.low, one.high))
        return axes.errorbar(
            x, one.y, [below, above], fmt=look.marker, color=colour, mfc=inside, capsize=2, markersize=5
        )
    marker = look.marker if len(one.x) <= 20 else ""
    style = {"linestyle": look.line, "linewidth": 1.6, "marker": marker, "markersize": 5, "mfc": inside}
    (line,) = axes.plot(one.x, one.y, color=colour, **style)
    return line


def look_of(style: int | str) -> Look:
    """A set's look, or that of the model of that number; they repeat after the last."""
    return SETS[style] if isinstance(style, str) else MODELS[style % len(MODELS)]


def _short(name: str) -> str:
    """The name as a legend has room for it. matplotlib leaves out a name that begins with _, so not as its first."""
    cut = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return f" {cut}" if cut.startswith("_") else cut


def _embedded(drawn: str, prefix: str, alt: str) -> str:
    """The SVG as an element for a page: ids of its own, the page's colours, a text for who cannot see it."""
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", XLINK)
    root = ElementTree.fromstring(drawn)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            if name == "id":
                element.set(name, prefix + value)
            elif name == f"{{{XLINK}}}href":
                element.set(name, value.replace("#", f"#{prefix}", 1))
            else:
                value = re.sub(r"url\(#", f"url(#{prefix}", value)
                element.set(name, re.sub("#[0-9a-f]{6}", lambda found: VARIABLES.get(found[0], found[0]), value))
    for name in ("width", "height"):
        root.attrib.pop(name)
    root.set("role", "img")
    root.set("aria-label", alt)
    return ElementTree.tostring(root, encoding="unicode")
