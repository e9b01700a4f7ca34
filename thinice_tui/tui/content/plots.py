"""The plots of the interface. Each is drawn of the samples that pass the filter, with the selected one marked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from thinice_tui.analysis.capture import capture_curve
from thinice_tui.analysis.comparison import ModelSummary, analyse
from thinice_tui.analysis.correctness import Mask
from thinice_tui.analysis.distances import distances, has_distances, missed, run_eps
from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.analysis.live_sets import ALL_SETS, ALONE_SETS
from thinice_tui.analysis.margins import MARGIN_KINDS, margins_of
from thinice_tui.analysis.model_sets import models_by_sparsity, short_names
from thinice_tui.analysis.proportions import flip_rates, proportion
from thinice_tui.analysis.rows import Rows, select_rows
from thinice_tui.analysis.security_curve import security_curve
from thinice_tui.plots.accuracy import accuracy_by_stage
from thinice_tui.plots.capture_curve import Captured, capture_plot
from thinice_tui.plots.flip_rate import FlipRates, flip_rate_by_margin
from thinice_tui.plots.ladder import Loss, losses_by_model
from thinice_tui.plots.margin_ranks import margin_ranks
from thinice_tui.plots.margins import Mark, margins_by_set
from thinice_tui.plots.security_curves import security_curves
from thinice_tui.protocol.distance import is_distance
from thinice_tui.runfile.records import Floats, ModelOutcomes, Run
from thinice_tui.tui.content.plot_kinds import PLOTS
from thinice_tui.tui.content.rows import empty_reason

ALONE = "dense is alone in this run: this plot is of a pruned model against it (compare dense.pt pruned.pt)"
Sets = dict[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class Shown:
    """What a plot is drawn from: the rows shown, and the selected one of them."""

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
        """What the axis label says in addition while sets can still change."""
        return "" if self.run.complete else ", sets so far"

    @property
    def margins(self) -> Floats:
        """The dense margins of the samples shown, of the chosen kind; [k]."""
        return self.rows.table.margins[self.rows.order]

    @property
    def marked(self) -> float | None:
        """The selected sample's dense margin."""
        return None if self.selected is None else float(self.margins[self.selected])

    @property
    def mark(self) -> Mark | None:
        """The selected sample, named."""
        if self.selected is None:
            return None
        return Mark(float(self.margins[self.selected]), f"#{self.run.indices[self.rows.order[self.selected]]}")

    def select_action(self, row: int) -> str:
        """A click on a sample selects it."""
        return f"app.select_sample({int(self.rows.order[row])})"

    @property
    def numbers(self) -> list[int]:
        """The model that dense is compared with, and the controls."""
        return [self.other, *self.controls]

    def held_and_lost(self, number: int) -> tuple[Mask, Mask]:
        """Bool [k]: what dense holds, with a known set for this model, and what the model loses of it."""
        sets = self.sets(number)
        return sets["S10"] | sets["S11"], sets["S10"]

    @property
    def controls(self) -> list[int]:
        """The numbers of the controls, without the model that dense is compared with."""
        models = enumerate(self.run.models)
        return [number for number, model in models if model.record.role == "control" and number != self.other]

    def sets(self, other: int) -> Sets:
        """Boolean masks [k] of the sets so far, by name; dense against the model numbered `other`."""
        codes = self.rows.table.model_sets.codes(other)[self.rows.order]
        return {name: codes == number for number, name in enumerate(SETS)}


def plot(kind: str, rows: Rows, position: int | None, width: int, height: int) -> Text:
    """The plot `kind` (a key of PLOTS) of `rows` in `width` × `height` cells; or a sentence why there is none."""
    if PLOTS[kind].all_sets and rows.view.sets != ALL_SETS:
        rows = select_rows(rows.table.run, replace(rows.view, sets=ALL_SETS), rows)
    if not len(rows.order):
        return _sentence(empty_reason(rows), width)
    if PLOTS[kind].by_set and not (rows.table.sets[rows.order] < len(SETS)).any():
        return _sentence("the sets of these samples are not known yet: the first come with the first stage", width)
    above = _filtered(rows, width) if PLOTS[kind].all_sets else Text()
    height -= len(above.split()) if above else 0
    return above.append_text(DRAWN[kind](Shown(rows, rows.row_of(position)), width, height))


def _filtered(rows: Rows, width: int) -> Text:
    """That a filter has chosen the samples of a curve or of rates: by outcome, it makes them what they are."""
    query = rows.view.query.strip()
    if not query:
        return Text()
    few = (
        f"of {len(rows.order)} of {len(rows.table.run.labels)} samples, chosen by /{query}: not of the data as a whole"
    )
    return _sentence(few, width).append("\n")


def _margins(shown: Shown, width: int, height: int) -> Text:
    label = f"dense {MARGIN_KINDS[shown.rows.view.margin]}{shown.so_far}"
    called = ALONE_SETS if shown.run.alone else {}
    sets, click = shown.sets(shown.other), (_filter_action, shown.select_action)
    return margins_by_set(shown.margins, sets, width, height, label, shown.mark, called, *click)


def _flips(shown: Shown, width: int, height: int) -> Text:
    if shown.run.alone:
        return _sentence(ALONE, width)
    series = []
    for number in shown.numbers:
        held, lost = shown.held_and_lost(number)
        rates = flip_rates(shown.margins[held], lost[held])
        series.append(FlipRates(shown.run.models[number].record.name, rates, number))
    if not series[0].rates:
        return _sentence("none of these samples is held by dense: there is nothing to lose", width)
    return flip_rate_by_margin(series, width, height, shown.marked, shown.so_far)


def _capture(shown: Shown, width: int, height: int) -> Text:
    if shown.run.alone:
        return _sentence(ALONE, width)
    series = []
    for number in shown.numbers:
        held, lost = shown.held_and_lost(number)
        if lost.any():
            curve = capture_curve(shown.margins[held], lost[held])
            series.append(Captured(shown.run.models[number].record.name, curve, number))
    if not series:
        return _sentence("none of these samples is lost: there is nothing to capture", width)
    return capture_plot(series, width, height, shown.so_far)


def _ladder(shown: Shown, width: int, height: int) -> Text:
    if shown.run.alone:
        return _sentence(ALONE, width)
    losses, ticks = [], short_names(shown.run)
    for number in models_by_sparsity(shown.run)[1:]:
        held, lost = shown.held_and_lost(number)
        rate = proportion(int(lost.sum()), int(held.sum()))
        losses.append(Loss(shown.run.models[number].record.name, ticks[number], number, rate))
    if not any(one.rate.n for one in losses):
        return _sentence("none of these samples is held by dense: there is nothing to lose", width)
    return losses_by_model([one for one in losses if one.rate.n], width, height, shown.so_far)


def _filter_action(margins: str) -> str:
    """A click on a bin filters by its range."""
    return f"app.filter_margin('{margins}')"


def _ranks(shown: Shown, width: int, height: int) -> Text:
    if shown.run.alone:
        return _sentence(ALONE, width)
    other = shown.run.models[shown.other]
    names = ("dense", other.record.name)
    margins = margins_of(shown.run, other, shown.rows.view.margin)[shown.rows.order]
    return margin_ranks(
        shown.margins,
        margins,
        shown.sets(shown.other),
        names,
        width,
        height,
        shown.selected,
        shown.so_far,
        shown.select_action,
    )


def _stages(shown: Shown, width: int, height: int) -> Text:
    run = shown.run.only(shown.rows.order)
    # Model by model, because comparing models takes long and this plot does not show it.
    numbers = models_by_sparsity(run)
    models = [_attacks_only(analyse(replace(run, models=(run.models[number],))).models[0]) for number in numbers]
    return accuracy_by_stage(models, width, height, numbers)


def _attacks_only(summary: ModelSummary) -> ModelSummary:
    """The same without the distance search, which breaks no sample."""
    attacks = {stage.name for stage in summary.model.stages if not is_distance(stage.parameters)}
    return replace(summary, stages=tuple(stage for stage in summary.stages if stage.name in attacks))


def _curve(shown: Shown, width: int, height: int) -> Text:
    if not has_distances(shown.run):
        return _sentence(
            "A security curve needs each sample's distance to the boundary, and this run holds none: "
            "compare --distances measures them.",
            width,
        )
    run = shown.run.only(shown.rows.order)
    numbers = list(dict.fromkeys([0, shown.other, *shown.controls]))
    found = {number: security_curve(run, run.models[number]) for number in numbers}
    curves = {number: curve for number, curve in found.items() if curve is not None}
    if not curves:
        return _sentence("the distances of these samples are not known yet", width)
    marked = None if shown.selected is None else float(distances(run, run.models[0])[shown.selected])
    note = "" if shown.run.complete else ", so far"
    below = _missed([run.models[number] for number in numbers], run, width)
    height -= len(below.split()) if below else 0
    drawn = security_curves(
        list(curves.values()), run_eps(run), run.info.settings.norm, width, height, marked, note, list(curves)
    )
    return drawn.append_text(below)


def _missed(models: Sequence[ModelOutcomes], run: Run, width: int) -> Text:
    """Counts of standing samples for which the distance search has found an image within eps.

    By these the curve at eps differs from the robust accuracy.
    """
    counts = {model.record.name: int(missed(run, model).sum()) for model in models}
    found = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    return _sentence(f"standing, with an image within eps by the distance search: {found}", width) if found else Text()


def _sentence(reason: str, width: int) -> Text:
    from rich.console import Console

    return Text("\n").join(Text(reason).wrap(Console(width=width), width))


DRAWN: Mapping[str, Callable[[Shown, int, int], Text]] = {
    "margins": _margins,
    "flips": _flips,
    "ranks": _ranks,
    "stages": _stages,
    "curve": _curve,
    "capture": _capture,
    "ladder": _ladder,
}
"""How each of PLOTS is drawn in so many columns and lines."""
