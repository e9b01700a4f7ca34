"""The text report: tables and terminal plots, for a terminal or a pipe."""

from collections.abc import Iterable

from rich.console import Console

from thinice_tui.report.document.blocks import Block
from thinice_tui.report.renderers.text import render_blocks

WIDEST = 100


def print_blocks(blocks: Iterable[Block], console: Console) -> None:
    """Write the blocks of a report to `console`."""
    console.print(render_blocks(blocks, min(console.width, WIDEST)), highlight=False)
