"""Histogram of margins, a panel a set: filled bars between round edges; of few samples a strip of points."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.plots.canvas import Entry, head_lines, nice_step, rich_colour
from thinice_tui.plots.style import SET_COLOURS, SET_MARKERS

Array = NDArray[np.float64]
BINS = 32
"""At most so many, or one more for round edges."""
FEW = 40
"""Up to so many samples in all are drawn one by one."""
EIGHTHS = " ▁▂▃▄▅▆▇█"
LABEL = 7
"""Cells left of the bars."""
BETWEEN_TICKS = 9
"""Cells from one tick to the next, at least."""
Click = Callable[[str], str]
"""From the range of a bin, as the filter writes it, to the action of a click on it, in Textual's words."""


@dataclass(frozen=True)
class Mark:
    """The selected sample: its margin, and how it is called."""

    margin: float
    name: str = ""


def margins_by_set(
    margins: NDArray[np.floating],
    sets: Mapping[str, NDArray[np.bool_]],
    width: int,
    height: int,
    label: str,
    mark: Mark | None = None,
    set_names: Mapping[str, str] = MappingProxyType({}),
    click: Click | None = None,
    select: Callable[[int], str] | None = None,
) -> Text:
    """Histograms of the margins [n] of the sets' samples, in % of each set, on one scale; sets: bool masks [n] by name.

    Up to FEW samples are drawn one by one. A line marks the selected sample. label: of the axis; set_names: other names
    for sets; click: what a click on a bin does; select: what a click on a sample that is drawn does, by its number.
    """
    known = np.isfinite(margins)
    n = f"n={int(known.sum())}"
    titles = (f"Dense margins by set, % of each set's samples, {n}", f"Margins, % of each set, {n}")
    counts = {name: int((sets[name] & known).sum()) for name in SETS}
    legend = [
        Entry(SET_MARKERS[name], SET_COLOURS[name], f"{set_names.get(name, name)} n={count}")
        for name, count in counts.items()
        if count
    ]
    head = head_lines(width, height, titles, legend)
    room = max(4, width - LABEL - 2)
    edges, shares = margin_histograms(margins, sets, min(BINS, max(2, room // 2)))
    axis = _Axis(edges, room, click)
    below = axis.lines(label, mark, width)
    lines = height - len(head) - 1 - len(below)
    panels = list(shares)[: max(1, lines)]
    heights = [lines // max(1, len(panels)) + (place < lines % max(1, len(panels))) for place in range(len(panels))]
    drawn: Sequence[_Bars | _Points]
    if 0 < known.sum() <= FEW:
        points = [_Points(name, axis.stacks(margins, np.flatnonzero(sets[name] & known)), select) for name in panels]
        drawn, most = points, f"{max((panel.highest for panel in points), default=1)}"
    else:
        top = max((float(shares[name].max()) for name in panels), default=1.0) or 1.0
        drawn = [_Bars(name, shares[name][axis.bin_of_cell], top) for name in panels]
        most = f"{top:.0f} %"
    text = [*head, Text(" " * LABEL + "┌" + "─" * axis.width + "┐", no_wrap=True)]
    for panel, rows in zip(drawn, heights, strict=True):
        for row in range(rows - 1, -1, -1):
            side = most if panel is drawn[0] and row == rows - 1 and rows > 1 else ""
            side = (
                f"{SET_MARKERS[panel.name]} {panel.name if panel.name not in set_names else ''}" if row == 0 else side
            )
            text.append(axis.row(panel, row, rows, side, mark))
    lines_of_text = [*text, *below][:height]
    for line in lines_of_text:
        line.align("left", width)
    return Text("\n", no_wrap=True).join(lines_of_text)


@dataclass(frozen=True)
class _Bars:
    """A set's bars: for each cell the share in %; as high as the panel is `top`."""

    name: str
    heights: Array
    top: float

    def signs(self, row: int, rows: int) -> list[str]:
        """The cells of one line of `rows`, of which 0 is the lowest; a bar that is too low to be seen has an eighth."""
        eighths = np.rint(self.heights / self.top * rows * 8 - row * 8).clip(0, 8).astype(int)
        visible = (eighths == 0) & (self.heights > 0) & (row == 0)
        return [EIGHTHS[one] for one in np.where(visible, 1, eighths)]

    def action(self, _cell: int, _row: int) -> str:
        """What a click does in place of the bin's; empty: nothing."""
        return ""


@dataclass(frozen=True)
class _Points:
    """A set's samples one by one: for each cell the numbers of those that it has, one above the other."""

    name: str
    stacks: Sequence[Sequence[int]]
    select: Callable[[int], str] | None

    @property
    def highest(self) -> int:
        return max(len(stack) for stack in self.stacks)

    def signs(self, row: int, _rows: int) -> list[str]:
        """The cells of one line, of which 0 is the lowest; a low panel shows by its topmost that there are more."""
        return [SET_MARKERS[self.name] if len(stack) > row else " " for stack in self.stacks]

    def action(self, cell: int, row: int) -> str:
        """What a click does in place of the bin's; empty: nothing."""
        return "" if self.select is None or len(self.stacks[cell]) <= row else self.select(self.stacks[cell][row])


@dataclass(frozen=True)
class _Axis:
    """The horizontal axis: bins of equal width, but for the rounding to `width` cells."""

    edges: Array
    width: int
    click: Click | None

    @property
    def bins(self) -> int:
        return len(self.edges) - 1

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """The first cell of each bin, then the width; [bins + 1]."""
        return np.rint(np.linspace(0, self.width, self.bins + 1)).astype(np.int64)

    @cached_property
    def bin_of_cell(self) -> NDArray[np.int64]:
        """The bin that each cell shows; [width]."""
        return np.repeat(np.arange(self.bins), np.diff(self.starts))

    def place(self, margin: float) -> int:
        """The cell of a margin; of one outside, the first or the last."""
        return min(self.width - 1, int(np.interp(margin, self.edges, self.starts)))

    def stacks(self, margins: NDArray[np.floating], numbers: NDArray[np.intp]) -> list[list[int]]:
        """For each cell those of the samples `numbers` that lie in it."""
        found: list[list[int]] = [[] for _ in range(self.width)]
        for number in numbers.tolist():
            found[self.place(float(margins[number]))].append(number)
        return found

    def row(self, panel: _Bars | _Points, row: int, rows: int, side: str, mark: Mark | None) -> Text:
        """One line of a panel of `rows` lines, the lowest of which is 0."""
        text = Text(set_cell_size(side.rjust(LABEL - 1), LABEL - 1) + " │", no_wrap=True)
        signs, colour = panel.signs(row, rows), rich_colour(SET_COLOURS[panel.name])
        marked = None if mark is None or not np.isfinite(mark.margin) else self.place(mark.margin)
        if marked is not None:
            signs[marked] = "│"

        def looks(cell: int) -> tuple[bool, int, str]:
            return cell == marked, int(self.bin_of_cell[cell]), panel.action(cell, row)

        # cells that look alike and do the same are one span: a span a cell would take long to draw
        for (is_marked, number, action), cells in groupby(range(self.width), key=looks):
            style = Style.parse("bold" if is_marked else colour)
            action = action or self._filter(number)
            style += Style(meta={"@click": action}) if action else Style.null()
            text.append("".join(signs[cell] for cell in cells), style)
        return text.append("│")

    def _filter(self, number: int) -> str:
        """What a click on a bin does; empty: nothing."""
        low = f"{self.edges[number]:.6g}" if number else ""
        high = f"{self.edges[number + 1]:.6g}" if number < self.bins - 1 else ""
        return "" if self.click is None else self.click(f"{low}..{high}")

    def lines(self, label: str, mark: Mark | None, width: int) -> list[Text]:
        """The axis with its ticks, the name of the selected sample, and the label."""
        ticks = self._ticks()
        rule = "".join("┴" if cell in ticks else "─" for cell in range(self.width))
        numbers = [" "] * (self.width + LABEL + 12)
        for cell, tick in ticks.items():
            word = f"{tick:g}"
            start = max(0, LABEL + 1 + cell - len(word) // 2)
            numbers[start : start + len(word)] = word
        lines = [" " * LABEL + "└" + rule + "┘", "".join(numbers).rstrip()[:width]]
        named = ""
        if mark is not None and np.isfinite(mark.margin) and mark.name:
            named = f"│ {mark.name} {mark.margin:.3f}"
        said = f"{label}   {named}" if named else label
        shown = said if cell_len(said) <= width else named or label
        lines.append(set_cell_size(shown, width) if cell_len(shown) > width else shown.center(width))
        return [Text(line, no_wrap=True) for line in lines]

    def _ticks(self) -> dict[int, float]:
        """Some of the edges, by their cells: those that are multiples of a round number."""
        step = self.edges[1] - self.edges[0]
        most = max(1, self.width // BETWEEN_TICKS)
        wanted = nice_step(float(self.edges[-1] - self.edges[0]), most)
        every = max(1, round(wanted / step))
        first = round(self.edges[0] / step)
        return {
            int(self.starts[number]): round(float((first + number) * step), 10)
            for number in range(self.bins)
            if (first + number) % every == 0
        }


def margin_histograms(
    margins: NDArray[np.floating], sets: Mapping[str, NDArray[np.bool_]], bins: int = BINS
) -> tuple[Array, dict[str, Array]]:
    """Round edges of about `bins` bins [k + 1], and for each set that has margins the % of its samples in each.

    The range is the middle 99 % of all known margins [n]; the outermost bins hold what lies outside.
    """
    known = margins[np.isfinite(margins)]
    low, high = np.quantile(known, [0.005, 0.995]) if len(known) else (0.0, 1.0)
    step = nice_step(float(high - low), bins)
    first = np.floor(low / step)
    count = max(1, int(np.ceil(high / step - 1e-9) - first))
    edges = (first + np.arange(count + 1)) * step
    shares = {}
    for name in SETS:
        inside = margins[sets[name] & np.isfinite(margins)]
        if len(inside):
            counts, _ = np.histogram(np.clip(inside, edges[0], edges[-1]), edges)
            shares[name] = 100 * counts / len(inside)
    return edges, shares
