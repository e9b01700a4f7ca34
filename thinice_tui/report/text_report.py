"""The text report: tables and terminal plots, for a terminal or a pipe."""

from rich.console import Console, RenderableType

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.report.renderers.text import render_blocks
from thinice_tui.report.report_document import report_document

WIDEST = 100


def render(analysis: Analysis, width: int) -> RenderableType:
    """The whole report, at most `width` columns wide."""
    return render_blocks(report_document(analysis), width)


def print_report(analysis: Analysis, console: Console) -> None:
    """Write the report to `console`."""
    console.print(render(analysis, min(console.width, WIDEST)), highlight=False)
