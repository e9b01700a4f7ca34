"""The one place that touches plotext: a figure of a given size below its title and legend, and its text.

plotext's module-level functions share one global figure and are not thread-safe; every plot here has a figure of its
own. Without a terminal plotext limits sizes to 80×24, which is switched off. Its own legend hides what is drawn behind
it, and it drops titles that are too long: ours stand above the figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

GAP = "  "
MOST_LINES = 3
"""Of a legend; more names are left out, and an … says so."""


@dataclass(frozen=True)
class Entry:
    """One series in a legend. colour: by plotext's name."""

    marker: str
    colour: str
    label: str


class Canvas:
    """A figure of plotext, `width` × `height` cells with its title and legend, in the terminal's own colours."""

    def __init__(self, width: int, height: int, titles: Sequence[str], legend: Sequence[Entry] = ()) -> None:
        """titles: the first that fits is shown, else the last one cut."""
        from plotext._figure import _figure_class  # a view appears before plotext has loaded

        self._head = head_lines(width, height, titles, legend)
        self.width, self.height = width, max(1, height - len(self._head))
        self.figure: Any = _figure_class()
        self.figure._limit_size(False, False)
        self.figure.plotsize(self.width, self.height)
        for part in ("canvas", "axes", "ticks"):
            getattr(self.figure, f"{part}_color")("default")

    def to_text(self) -> Text:
        """What was drawn, as rich text."""
        drawn = Text.from_ansi(self.figure.build(), no_wrap=True)
        return Text("\n", no_wrap=True).join([*self._head, drawn])


def make_clickable(
    drawn: Text,
    points: Sequence[tuple[float, float, str]],
    x_limits: tuple[float, float],
    y_limits: tuple[float, float],
) -> None:
    """Give the cells of a framed plot that show `points` (x, y, action in Textual's words) what a click on them does.

    Of points in one cell the first one counts.
    """
    lines = drawn.plain.split("\n")
    top = next((number for number, line in enumerate(lines) if "┌" in line), None)
    bottom = next((number for number, line in enumerate(lines) if "└" in line), None)
    if top is None or bottom is None:
        return
    left, right = lines[top].index("┌") + 1, lines[top].index("┐")
    starts = np.cumsum([0, *(len(line) + 1 for line in lines)])
    taken = set[tuple[int, int]]()
    for x, y, action in points:
        column = left + round((x - x_limits[0]) / (x_limits[1] - x_limits[0]) * (right - left - 1))
        row = bottom - 1 - round((y - y_limits[0]) / (y_limits[1] - y_limits[0]) * (bottom - top - 2))
        if top < row < bottom and left <= column < right and (row, column) not in taken:
            taken.add((row, column))
            at = int(starts[row]) + column
            drawn.stylize(Style(meta={"@click": action}), at, at + 1)


def head_lines(width: int, height: int, titles: Sequence[str], legend: Sequence[Entry]) -> list[Text]:
    """The title and the legend of a plot, each line `width` cells wide; in little height the legend has few lines."""
    title = next((one for one in titles if cell_len(one) <= width), titles[-1])
    most = min(MOST_LINES, max(1, height // 4))
    lines = [Text(set_cell_size(title, width) if cell_len(title) > width else title.center(width), no_wrap=True)]
    return [*lines, *legend_lines(legend, width, most)]


def legend_lines(legend: Sequence[Entry], width: int, most: int) -> list[Text]:
    """The series side by side, in at most `most` lines."""
    lines: list[Text] = []
    for entry in legend:
        part = Text(f"{entry.marker} ", style=rich_colour(entry.colour)).append(entry.label)
        part.truncate(width, overflow="ellipsis")
        if lines and lines[-1].cell_len + len(GAP) + part.cell_len <= width:
            lines[-1].append(GAP).append_text(part)
        elif len(lines) < most:
            lines.append(part)
        else:
            lines[-1].truncate(max(1, width - len(GAP) - 1))
            lines[-1].append(f"{GAP}…" if width > len(GAP) else "")
            break
    for line in lines:
        line.align("center", width)
        line.no_wrap = True
    return lines


def rich_colour(colour: str) -> str:
    """The terminal's own colour of this name, as rich writes it."""
    if colour in ("default", "white"):
        return "default"
    if colour == "gray":
        return "bright_black"
    name = colour.rstrip("+").replace("orange", "yellow")
    return f"bright_{name}" if colour.endswith("+") else name


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5, 10, … times a power of ten of which at most `most` cover `span`; 1 for no span."""
    if not span > 0 or most < 1:
        return 1.0
    least = span / most * (1 - 1e-9)
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least))


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from `low` to `high`, at most about `most` of them."""
    step = nice_step(high - low, max(1, most))
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    return [round(float(number * step), 10) + 0.0 for number in np.arange(first, last + 1)]


def spread(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Where to write labels for `values`: in their order, at least `gap` apart, within low to high where they fit."""
    order = sorted(range(len(values)), key=values.__getitem__)
    places = [0.0] * len(values)
    below = low - gap
    for number in order:
        places[number] = below = max(values[number], below + gap)
    above = high + gap
    for number in reversed(order):
        places[number] = above = min(places[number], above - gap)
    return places
