"""The table of models: sparsity, clean and robust accuracy, overestimation by the weak attack."""

from rich.table import Table
from rich.text import Text

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.sparsity import sparsity_words
from thinice_tui.report.sections.percent import percent


def models_table(analysis: Analysis, intervals: bool) -> Table:
    """A row a model; intervals: whether accuracies come with their 95 % intervals."""
    bound = "" if analysis.final else "≤ "
    least, stages = ("", "all") if analysis.complete else ("≥ ", "so far")
    table = Table(
        title="Models (95 % intervals)" if intervals else "Models",
        title_justify="left",
        title_style="bold",
        expand=False,
    )
    table.add_column("model", overflow="fold")
    table.add_column("sparsity", justify="right", no_wrap=True)
    table.add_column("clean %", justify="right", no_wrap=True)
    table.add_column("robust %", justify="right", no_wrap=True)
    weak = next((summary.gap.weak_attack for summary in analysis.models if summary.gap is not None), "")
    if weak:
        table.add_column(f"{weak} − {stages}", justify="right")
    dense = analysis.models[0].model.record
    for summary in analysis.models:
        record = summary.model.record
        robust = "–" if summary.robust_accuracy is None else bound + percent(summary.robust_accuracy, intervals)
        gap = [] if summary.gap is None else [f"{least}{100 * summary.gap.gap:.1f}"]
        table.add_row(
            Text(record.name if record.role in (record.name, "pruned") else f"{record.name} ({record.role})"),
            "\n".join(sparsity_words(record, dense)),
            percent(summary.clean_accuracy, intervals),
            robust,
            *gap,
        )
    return table
