"""What a report says, without a format: a sequence of blocks. Sections make them, `renderers/` write them.

Text in a block is plain: no markup of any format, and whatever characters a file's names have. Each renderer escapes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from thinice_tui.report.document.cells import Cell
from thinice_tui.report.document.charts import Chart, TerminalPlot

Align = Literal["left", "right"]
NoticeKind = Literal["note", "partial", "warning", "doubt"]
"""note: a limit of what is shown; partial: the run is not finished; warning: something to mend; doubt: a number may be
wrong."""


@dataclass(frozen=True)
class Heading:
    """level: 1 for the report's title, 2 for a section, 3 for a part of one."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """One paragraph. quiet: an explanation that may step back.

    citations: words of the text, in parentheses, and the BibTeX key of the work that they name.
    """

    text: str
    quiet: bool = False
    citations: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Notice:
    """A sentence that must not be missed."""

    kind: NoticeKind
    text: str


@dataclass(frozen=True)
class Facts:
    """Names and values, in order. A value is whole, however long."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Column:
    """A column's title, with its unit (`clean %`), and on which side its cells stand: numbers on the right."""

    title: str
    align: Align = "right"


@dataclass(frozen=True)
class Table:
    """A table. rows: as many cells as columns each; the first column names the row and has no number to compare."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    footnote: str = ""


@dataclass(frozen=True)
class Plot:
    """A plot. chart: what is drawn, as arrays; terminal: the same as `plots/` draws it; alt: what it shows, in words
    and numbers, for who cannot see it and for formats without pictures."""

    chart: Chart
    terminal: TerminalPlot
    alt: str


@dataclass(frozen=True)
class Code:
    """Text to copy as it is: a command line, BibTeX entries."""

    text: str
    language: str


Block = Heading | Paragraph | Notice | Facts | Table | Plot | Code


def columns(*titles: str, left: Sequence[str] = ()) -> tuple[Column, ...]:
    """Columns with these titles; the first one and those of `left` are words, the others numbers."""
    return tuple(Column(title, "left" if n == 0 or title in left else "right") for n, title in enumerate(titles))
