"""The stages: the accuracy after each attack, and how many samples it broke. The distance measurement is no attack."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from thinice_tui.analysis.audit import is_left_out
from thinice_tui.analysis.comparison import Analysis, ModelSummary
from thinice_tui.analysis.proportions import Estimate
from thinice_tui.plots.accuracy import accuracy_by_stage
from thinice_tui.protocol.distance import is_distance
from thinice_tui.report.document.blocks import Block, Plot, Table, columns
from thinice_tui.report.document.charts import Chart, Series
from thinice_tui.report.sections.run_words import model_words

NOT_YET = "not yet"
NOT_NEEDED = "not run"


def stages_section(analysis: Analysis) -> Iterator[Block]:
    """A row a stage, a column a model; then the same as a plot."""
    models = [_attacks_only(summary) for summary in analysis.models]
    names = [stage.name for stage in models[0].stages]
    rows = [("clean", *(_clean_cell(summary) for summary in models))]
    rows += [(name, *(_stage_cell(summary, number) for summary in models)) for number, name in enumerate(names)]
    yield Table(
        "Stages: accuracy in % after each (samples that it broke)",
        columns("stage", *(model_words(summary.model.record) for summary in models)),
        rows,
        "clean: in parentheses the samples that are misclassified without attack.",
    )
    if analysis.through:
        yield Plot(_chart(models, ["clean", *names]), partial(accuracy_by_stage, models), _alt(models))


def _attacks_only(summary: ModelSummary) -> ModelSummary:
    """The same without the distance measurement, which breaks no sample."""
    attacks = {record.name for record in summary.model.stages if not is_distance(record.parameters)}
    return replace(summary, stages=tuple(stage for stage in summary.stages if stage.name in attacks))


def _clean_cell(summary: ModelSummary) -> str:
    accuracy = summary.clean_accuracy
    return NOT_YET if accuracy is None else f"{100 * accuracy.value:.1f} ({summary.clean_wrong})"


def _stage_cell(summary: ModelSummary, number: int) -> str:
    stage = summary.stages[number]
    if is_left_out(summary.model.stages[number]):
        return NOT_NEEDED
    if stage.robust_accuracy_after is None:
        return NOT_YET if stage.entered is None else f"({stage.broken} so far)"
    return f"{100 * stage.robust_accuracy_after.value:.1f} ({stage.broken})"


def _estimates(summary: ModelSummary) -> list[Estimate | None]:
    return [summary.clean_accuracy, *(stage.robust_accuracy_after for stage in summary.stages)]


def _chart(models: list[ModelSummary], names: list[str]) -> Chart:
    series = []
    for number, summary in enumerate(models):
        shown = [np.nan if one is None else 100 * one.value for one in _estimates(summary)]
        series.append(Series(summary.model.record.name, np.arange(len(shown), dtype=float), np.array(shown), number))
    n = models[0].clean_accuracy.n if models[0].clean_accuracy else 0
    return Chart(f"Accuracy after each stage, n={n}", "stage", "accuracy, %", "line", series, names, percent=True)


def _alt(models: list[ModelSummary]) -> str:
    said = []
    for summary in models:
        known = [one for one in _estimates(summary) if one is not None]
        if known:
            said.append(f"{summary.model.record.name} from {100 * known[0].value:.1f} to {100 * known[-1].value:.1f} %")
    return f"Accuracy falls from the clean images to the last stage: {'; '.join(said)}."
