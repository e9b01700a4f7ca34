"""The pages of the summary as blocks of the report: the comparison of all models, its classes, and the whole report."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from thinice_tui.analysis.comparison import Analysis, Comparison, ModelSummary
from thinice_tui.analysis.flip_kinds import ClassFlips, class_flips
from thinice_tui.analysis.ladder import pruned_away
from thinice_tui.analysis.model_sets import models_by_sparsity
from thinice_tui.analysis.several.several_runs import SeveralRuns
from thinice_tui.report.document.blocks import Block, Notice, Paragraph, Table, columns
from thinice_tui.report.document.cells import Cell, Number, p_value, percent
from thinice_tui.report.report_document import report_document
from thinice_tui.report.sections.excess import excess_section, noise_table
from thinice_tui.report.sections.header import header
from thinice_tui.report.sections.ladder import ladder_section
from thinice_tui.report.sections.reliability import doubt
from thinice_tui.report.sections.run_words import class_words, model_words
from thinice_tui.report.sections.several import several_document, several_sections


def comparison_page(analysis: Analysis, _other: int) -> Iterator[Block]:
    """Every model against dense in one table, and what that allows to say."""
    yield from header(analysis)
    yield from doubt(analysis)
    numbers = models_by_sparsity(analysis.run)
    against = (None, *analysis.comparisons) if analysis.comparisons else (None,) * len(analysis.models)
    yield Table(
        "Models (95 % intervals)",
        columns("model", "pruned %", "clean %", "robust %", "lost", "gained", "NFR %"),
        [_model_row(analysis, analysis.models[number], against[number]) for number in numbers],
        "lost, gained: samples that dense holds and the model does not, and the other way round. NFR: the share lost."
        if analysis.comparisons
        else "",
    )
    yield from _verdicts(analysis)
    yield from excess_section(analysis)
    yield from ladder_section(analysis)


def _model_row(analysis: Analysis, one: ModelSummary, against: Comparison | None) -> list[Cell]:
    record, dense = one.model.record, analysis.models[0].model.record
    clean = None if one.clean_accuracy is None else Number(100 * one.clean_accuracy.value)
    robust = percent(one.robust_accuracy, "" if analysis.final else "≤")
    named: list[Cell] = [model_words(record), Number(100 * pruned_away(record, dense)), clean, robust]
    if against is None:
        return [*named, "", "", ""]
    counts = against.sets.counts()
    return [*named, counts["S10"], counts["S01"], percent(against.nfr)]


def _verdicts(analysis: Analysis) -> Iterator[Block]:
    by_verdict: dict[str, list[str]] = {}
    for one in analysis.comparisons:
        name = f"{one.other.record.name} (AUC {one.auc_s10_s11.shown})"
        by_verdict.setdefault(one.auc_s10_s11.verdict, []).append(name)
    for verdict, names in by_verdict.items():
        yield Paragraph(f"{', '.join(names)}: {verdict}.")


def classes_page(analysis: Analysis, other: int) -> Iterator[Block]:
    """The flip rates of each class under the model `other`, and what every model loses of each class."""
    run = analysis.run
    if not analysis.comparisons:
        alone = "dense is alone in this run: no class has lost anything to pruning"
        yield Paragraph(alone if run.alone else "classes: after the first stage of all models")
        return
    by_number = {number: _classes(analysis, number) for number in models_by_sparsity(run)[1:]}
    samples = np.bincount(run.labels, minlength=run.info.classes)
    name = run.models[other].record.name
    order = sorted(by_number[other], key=lambda one: -one.rate.value if one.held else math.inf)
    yield Table(
        f"dense → {name}, class by class: the share lost of what dense holds (95 % intervals)",
        columns("class", "samples", "dense holds", "lost", "rate %", "p"),
        [
            (
                class_words(run, one.label),
                int(samples[one.label]),
                one.held,
                one.lost,
                percent(one.rate),
                p_value(one.p_holm),
            )
            for one in order
        ],
        "p: Fisher's exact test against all other classes, Holm's correction for all classes. ] [: other models.",
    )
    if len(by_number) > 1:
        lost = {number: {one.label: one.lost for one in found} for number, found in by_number.items()}
        yield Table(
            "Lost by each model",
            columns("class", *(run.models[number].record.name for number in lost)),
            [(class_words(run, one.label), *(lost[number][one.label] for number in lost)) for one in order],
        )


def _classes(analysis: Analysis, number: int) -> list[ClassFlips]:
    """The classes that have samples."""
    sets = analysis.comparisons[number - 1].sets
    found = class_flips(analysis.run.labels, sets.s10 | sets.s11, sets.s10, analysis.run.info.classes)
    present = set(np.unique(analysis.run.labels).tolist())
    return [one for one in found if one.label in present]


def several_page(several: SeveralRuns, unfinished: Sequence[str]) -> Iterator[Block]:
    """What the report says of several runs; unfinished: paths of runs that are not among them yet."""
    if unfinished:
        yield Notice("partial", f"Not finished, and so not in these numbers: {', '.join(unfinished)}.")
    first = several.seeds[0]
    if len(several.seeds) > 1:
        yield from several_document(several)
        return
    yield from header(first)
    if any(one.other.record.role == "pruned" for one in first.comparisons):  # else it is among the sections
        yield from noise_table(first)
    yield from several_sections(several)


def _whole(analysis: Analysis, _other: int) -> Iterable[Block]:
    return report_document(analysis)


PAGES: Mapping[str, Callable[[Analysis, int], Iterable[Block]]] = {
    "comparison": comparison_page,
    "classes": classes_page,
    "report": _whole,
}
"""By the names of `screens.report.TITLES`."""
