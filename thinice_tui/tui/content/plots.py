"""The plots of the interface: of the samples that pass the filter, with the selected one marked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.distances import distances, has_distances, missed, run_eps
from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.analysis.live_sets import ALL_SETS, ALONE_SETS, live_sets
from thinice_tui.analysis.margins import MARGIN_KINDS, margins_of
from thinice_tui.analysis.proportions import flip_rates
from thinice_tui.analysis.rows import Rows, select_rows
from thinice_tui.analysis.security_curve import security_curve
from thinice_tui.plots.accuracy import accuracy_by_stage
from thinice_tui.plots.flip_rate import FlipRates, flip_rate_by_margin
from thinice_tui.plots.margin_ranks import margin_ranks
from thinice_tui.plots.margins import margins_by_set
from thinice_tui.plots.security_curves import security_curves
from thinice_tui.runfile.records import Floats, ModelOutcomes, Run
from thinice_tui.tui.content.rows import empty_reason

ALONE = "dense is alone in this run: this plot is of a pruned model against it (compare dense.pt pruned.pt)"
Sets = dict[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class Shown:
    """What a plot is drawn from: the rows that pass, and the selected sample's place among them."""

    rows: Rows
    selected: int | None

    @property
    def run(self) -> Run:
        return self.rows.table.run

    @property
    def other(self) -> int:
        return self.rows.view.other

    @property
    def so_far(self) -> str:
        """What to add to an axis while sets can still change."""
        return "" if self.run.complete else ", sets so far"

    @property
    def margins(self) -> Floats:
        """The dense margins of these samples, of the kind chosen."""
        return self.rows.table.margins[self.rows.order]

    @property
    def marked(self) -> float | None:
        """The selected sample's dense margin."""
        return None if self.selected is None else float(self.margins[self.selected])

    @property
    def controls(self) -> list[int]:
        """The controls' numbers, but for the one that is looked at."""
        models = enumerate(self.run.models)
        return [number for number, model in models if model.record.role == "control" and number != self.other]

    def sets(self, other: int) -> Sets:
        """Masks of the sets so far, dense against the model numbered `other`, by name."""
        codes = live_sets(self.run, self.run.models[other])[self.rows.order]
        return {name: codes == number for number, name in enumerate(SETS)}


def plot(kind: str, rows: Rows, position: int | None, width: int, height: int) -> Text:
    """The plot `kind` (a key of PLOTS) of `rows` in `width` × `height` cells; a sentence where there is none."""
    if PLOTS[kind].whatever_set and rows.view.sets != ALL_SETS:
        rows = select_rows(rows.table.run, replace(rows.view, sets=ALL_SETS))
    if not len(rows.order):
        return _why_not(empty_reason(rows), width)
    if PLOTS[kind].by_set and not (rows.table.sets[rows.order] < len(SETS)).any():
        return _why_not("the sets of these samples are not known yet: the first come with the first stage", width)
    return PLOTS[kind].draw(Shown(rows, rows.row_of(position)), width, height)


def _margins(shown: Shown, width: int, height: int) -> Text:
    label = f"dense {MARGIN_KINDS[shown.rows.view.margin]}{shown.so_far}"
    called = ALONE_SETS if shown.run.alone else {}
    return margins_by_set(shown.margins, shown.sets(shown.other), width, height, label, shown.marked, called)


def _flips(shown: Shown, width: int, height: int) -> Text:
    if shown.run.alone:
        return _why_not(ALONE, width)
    series = []
    for number in (shown.other, *shown.controls):
        sets = shown.sets(number)
        held = sets["S10"] | sets["S11"]
        series.append(
            FlipRates(shown.run.models[number].record.name, flip_rates(shown.margins[held], sets["S10"][held]))
        )
    if not series[0].rates:
        return _why_not("none of these samples is held by dense: there is nothing to lose", width)
    return flip_rate_by_margin(series, width, height, shown.marked, shown.so_far)


def _ranks(shown: Shown, width: int, height: int) -> Text:
    if shown.run.alone:
        return _why_not(ALONE, width)
    other = shown.run.models[shown.other]
    names = ("dense", other.record.name)
    margins = margins_of(shown.run, other, shown.rows.view.margin)[shown.rows.order]
    return margin_ranks(
        shown.margins, margins, shown.sets(shown.other), names, width, height, shown.selected, shown.so_far
    )


def _stages(shown: Shown, width: int, height: int) -> Text:
    run = shown.run.only(shown.rows.order)
    # One by one, because comparing models takes long, and nothing of that is drawn.
    models = [analyse(replace(run, models=(model,))).models[0] for model in run.models]
    return accuracy_by_stage(models, width, height)


def _curve(shown: Shown, width: int, height: int) -> Text:
    if not has_distances(shown.run):
        return _why_not(
            "A security curve needs each sample's distance to the boundary, and this run holds none: "
            "compare --distances measures them.",
            width,
        )
    run = shown.run.only(shown.rows.order)
    numbers = dict.fromkeys([0, shown.other, *shown.controls])
    curves = [curve for number in numbers if (curve := security_curve(run, run.models[number])) is not None]
    if not curves:
        return _why_not("the distances of these samples are not known yet", width)
    marked = None if shown.selected is None else float(distances(run, run.models[0])[shown.selected])
    note = "" if shown.run.complete else ", so far"
    below = _missed([run.models[number] for number in numbers], run, width)
    height -= len(below.split()) if below else 0
    return security_curves(curves, run_eps(run), run.info.settings.norm, width, height, marked, note).append_text(below)


def _missed(models: Sequence[ModelOutcomes], run: Run, width: int) -> Text:
    """Of how many standing samples the distance search has images within eps: where curve and accuracy differ."""
    counts = {model.record.name: int(missed(run, model).sum()) for model in models}
    found = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    return _why_not(f"standing, with an image within eps by the distance search: {found}", width) if found else Text()


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
    by_set: bool = False
    """Drawn set by set: nothing where none is known yet."""
    marks: bool = True
    """Whether the selected sample is marked in it."""


PLOTS: dict[str, Plot] = {
    "margins": Plot("Margins", _margins, by_set=True),
    "flips": Plot("Flips", _flips, whatever_set=True),
    "ranks": Plot("Scatter", _ranks, by_set=True),
    "stages": Plot("Stages", _stages, whatever_set=True, marks=False),
    "curve": Plot("Curve", _curve, whatever_set=True),
}
