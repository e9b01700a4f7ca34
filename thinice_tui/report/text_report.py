"""The text report: tables and terminal plots, for a terminal or a pipe."""

from collections.abc import Iterable

from rich.console import Console, RenderableType

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.report.document.blocks import Block
from thinice_tui.report.renderers.text import render_blocks
from thinice_tui.report.report_document import report_document

WIDEST = 100


def render(analysis: Analysis, width: int) -> RenderableType:
    """The whole report, at most `width` columns wide."""
    return render_blocks(report_document(analysis), width)


def print_report(analysis: Analysis, console: Console) -> None:
    """Write the report of one run to `console`."""
    print_blocks(report_document(analysis), console)


def print_blocks(blocks: Iterable[Block], console: Console) -> None:
    """Write the blocks of a report to `console`."""
    console.print(render_blocks(blocks, min(console.width, WIDEST)), highlight=False)
