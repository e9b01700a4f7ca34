"""The text report: tables and terminal plots, for a terminal or a pipe. One file a section in `sections/`."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.text import Text

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.plots.accuracy import accuracy_by_stage
from thinice_tui.report.sections.audit import audit_section
from thinice_tui.report.sections.comparison import comparison_section
from thinice_tui.report.sections.decisions import decisions
from thinice_tui.report.sections.dense_alone import dense_alone
from thinice_tui.report.sections.distances import distances_section
from thinice_tui.report.sections.header import header
from thinice_tui.report.sections.models import models_table
from thinice_tui.report.sections.reliability import reliability
from thinice_tui.report.sections.stages import stages_table
from thinice_tui.safe_io.printable import printable

PLOT_HEIGHT = 15
WIDEST = 100
NARROW = 76
"""With fewer columns the table of models leaves its intervals to the JSON report."""


def render(analysis: Analysis, width: int) -> RenderableType:
    """The whole report, at most `width` columns wide."""
    return Group(*_sections(analysis, width))


def print_report(analysis: Analysis, console: Console) -> None:
    """Write the report to `console`."""
    console.print(render(analysis, min(console.width, WIDEST)), highlight=False)


def _sections(analysis: Analysis, width: int) -> Iterator[RenderableType]:
    yield header(analysis)
    yield from (Text(f"warning: {warning}", style="yellow") for warning in analysis.run.info.warnings)
    yield from (Text(printable(line), style="dim") for line in decisions(analysis.run.info))
    yield Text()
    yield models_table(analysis, intervals=width >= NARROW)
    yield Text()
    yield stages_table(analysis)
    yield from audit_section(analysis)
    if analysis.through:
        yield accuracy_by_stage(analysis.models, width, PLOT_HEIGHT)
    control = next((c for c in analysis.comparisons if c.other.record.role == "control"), None)
    if analysis.run.alone:
        yield from dense_alone(analysis, width, PLOT_HEIGHT)
    for comparison in analysis.comparisons:
        yield Text()
        yield from comparison_section(analysis, comparison, control, width, PLOT_HEIGHT)
    yield Text()
    yield from reliability(analysis)
    yield from distances_section(analysis, width, PLOT_HEIGHT)
    if analysis.comparisons:
        yield Text()
        yield _footnotes(control is not None)


def _footnotes(has_control: bool) -> Text:
    lines = [
        "AUC: P(dense margin in the first set < in the second), ties half; 0.5: none.",
        "S01, S00: where dense fails, near to its boundary is the higher margin, so",
        "below 0.5. attacked: the margin at the worst adversarial image found.",
        "Each model is attacked white-box, on its own. An association is no cause:",
        "any retrained model flips low-margin samples.",
    ]
    if not has_control:
        lines.append("--control FILE, retrained without pruning, shows what flips by itself.")
    return Text("\n".join(lines), style="dim")
