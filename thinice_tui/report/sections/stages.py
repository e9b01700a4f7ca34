"""The table of stages: how many samples each stage broke, and the robust accuracy after it."""

from rich.table import Table
from rich.text import Text

from thinice_tui.analysis.comparison import Analysis, ModelSummary


def stages_table(analysis: Analysis) -> Table:
    """A row a stage after the clean one, a column a model."""
    table = Table(title="Stages: samples broken, robust accuracy after", title_justify="left", title_style="bold")
    table.add_column("stage", no_wrap=True)
    for summary in analysis.models:
        table.add_column(Text(summary.model.record.name), justify="right", overflow="fold")
    table.add_row("clean", *(_clean_cell(summary) for summary in analysis.models))
    for number, name in enumerate(analysis.stage_names):
        table.add_row(Text(name), *(_stage_cell(summary, number) for summary in analysis.models))
    return table


def _clean_cell(summary: ModelSummary) -> str:
    accuracy = summary.clean_accuracy
    return "not yet" if accuracy is None else f"{summary.clean_wrong} of {accuracy.n}\n→ {100 * accuracy.value:.1f} %"


def _stage_cell(summary: ModelSummary, number: int) -> str:
    stage = summary.stages[number]
    if stage.robust_accuracy_after is None:
        return "not yet" if stage.entered is None else f"{stage.broken} so far"
    return f"{stage.broken} of {stage.entered}\n→ {100 * stage.robust_accuracy_after.value:.1f} %"
