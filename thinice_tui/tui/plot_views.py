"""The plots of the interface: of the samples that pass the filter, with the selected one marked."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from thinice_tui.analysis.comparison import SETS, analyse
from thinice_tui.analysis.statistics import flip_rates
from thinice_tui.analysis.table import ALL_SETS, MARGIN_KINDS, Rows, SampleTable, look, margins_of
from thinice_tui.plots.charts import Rates, accuracy_by_stage, flip_rate_by_margin, margin_ranks, margins_by_set
from thinice_tui.runfile.records import ModelOutcomes

Sets = dict[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class Shown:
    """What a plot is drawn from: the run with only the samples that pass, and the selected one among them."""

    table: SampleTable
    selected: int | None
    """Its place among these samples."""
    partial: bool

    @property
    def marked(self) -> float | None:
        """The selected sample's dense margin."""
        return None if self.selected is None else float(self.table.margins[self.selected])

    def sets(self, other: ModelOutcomes) -> Sets:
        """Masks of the sets so far, dense against `other`, by name."""
        codes = SampleTable(self.table.run, other, self.table.margin_kind).sets
        return {name: codes == number for number, name in enumerate(SETS)}


def plot(kind: str, rows: Rows, position: int | None, width: int, height: int) -> Text:
    """The plot `kind` (a key of PLOTS) of `rows` in `width` × `height` cells; a sentence where there is none."""
    table = rows.table
    if PLOTS[kind].whatever_set and rows.view.sets != ALL_SETS:
        rows = look(table.run, replace(rows.view, sets=ALL_SETS))
    run = table.run.only(rows.order)
    other = run.models[rows.view.other]
    selected = rows.row_of(position)
    shown = Shown(SampleTable(run, other, table.margin_kind), selected, not run.complete)
    if not len(rows.order):
        return _why_not("no sample passes the filter", width)
    return PLOTS[kind].draw(shown, width, height)


def _margins(shown: Shown, width: int, height: int) -> Text:
    table = shown.table
    label = f"dense {MARGIN_KINDS[table.margin_kind]}{_so_far(shown)}"
    return margins_by_set(table.margins, shown.sets(table.other), width, height, label, shown.marked)


def _flips(shown: Shown, width: int, height: int) -> Text:
    run, table = shown.table.run, shown.table
    others = [table.other]
    others += [model for model in run.models if model.record.role == "control" and model is not table.other]
    series = []
    for other in others:
        sets = shown.sets(other)
        held = sets["S10"] | sets["S11"]
        series.append(Rates(other.record.name, flip_rates(table.margins[held], sets["S10"][held])))
    if not series[0].rates:
        return _why_not("none of these samples is held by dense: there is nothing to lose", width)
    return flip_rate_by_margin(series, width, height, shown.marked)


def _ranks(shown: Shown, width: int, height: int) -> Text:
    table, other = shown.table, shown.table.other
    names = ("dense", other.record.name)
    margins = margins_of(other, table.margin_kind)
    return margin_ranks(table.margins, margins, shown.sets(other), names, width, height, shown.selected)


def _stages(shown: Shown, width: int, height: int) -> Text:
    return accuracy_by_stage(analyse(shown.table.run).models, width, height)


def _curve(shown: Shown, width: int, height: int) -> Text:  # noqa: ARG001
    return _why_not(
        "A security curve needs each sample's distance to the boundary, and this run holds none: it attacks "
        "at one eps only.",
        width,
    )


def _so_far(shown: Shown) -> str:
    return ", sets so far" if shown.partial else ""


def _why_not(reason: str, width: int) -> Text:
    from rich.console import Console

    return Text("\n").join(Text(reason).wrap(Console(width=width), width))


@dataclass(frozen=True)
class Plot:
    """A kind of plot: its tab and how it is drawn."""

    title: str
    draw: Callable[[Shown, int, int], Text]
    whatever_set: bool = False
    """Drawn of all sets, whichever are shown: a rate of flips among flips would say nothing."""


PLOTS: dict[str, Plot] = {
    "margins": Plot("Margins", _margins),
    "flips": Plot("Flips", _flips, whatever_set=True),
    "ranks": Plot("Scatter", _ranks),
    "stages": Plot("Stages", _stages, whatever_set=True),
    "curve": Plot("Curve", _curve),
}
