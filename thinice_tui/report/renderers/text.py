"""The text format: blocks for a terminal or a pipe. Nothing is cut: what does not fit the width is wrapped or split."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from thinice_tui.report.document.blocks import Block, Code, Column, Facts, Heading, Notice, Paragraph, Plot, Table
from thinice_tui.report.document.cells import Cell, Doubtful, Number, words
from thinice_tui.safe_io.printable import printable, printable_lines

PLOT_HEIGHT = 15
GAP = 2
"""Columns of the terminal between two columns of a table."""
WORDS, WORD = 24, 11
"""The widths down to which a column of words is wrapped, and a title of one word."""
STYLES = {"note": "", "partial": "bold", "warning": "yellow", "doubt": "bold red"}
PREFIXES = {"warning": "warning: "}


def render_blocks(blocks: Iterable[Block], width: int) -> RenderableType:
    """The blocks as one renderable, at most `width` columns wide."""
    return Group(*_parts(blocks, width))


def _parts(blocks: Iterable[Block], width: int) -> Iterator[RenderableType]:
    before: Block | None = None
    for block in blocks:
        if before is not None and _apart(before, block):
            yield Text()
        yield from _block(block, width)
        before = block


def _apart(before: Block, block: Block) -> bool:
    """Whether a blank line stands between two blocks."""
    if isinstance(before, Heading):
        return False
    return any(isinstance(one, (Heading, Table, Plot, Code)) for one in (before, block))


def _block(block: Block, width: int) -> Iterator[RenderableType]:
    match block:
        case Heading(text, level):
            yield Text(printable(text), style="bold" if level > 2 else "bold underline")
        case Paragraph(text, quiet):
            yield Text(printable(text), style="dim" if quiet else "")
        case Notice(kind, text):
            yield Text(PREFIXES.get(kind, "") + printable(text), style=STYLES[kind])
        case Facts(rows):
            yield _facts(rows)
        case Table():
            yield from _table(block, width)
        case Plot():
            yield block.terminal(width, PLOT_HEIGHT)
        case Code(text):
            yield Padding(Text(printable_lines(text), overflow="fold"), (0, 0, 0, 2))


def _facts(rows: Sequence[tuple[str, str]]) -> RichTable:
    grid = RichTable.grid(padding=(0, 2))
    for _ in range(2):
        grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(printable(name), style="dim"), Text(printable(value)))
    return grid


def _table(block: Table, width: int) -> Iterator[RenderableType]:
    """The table, with intervals below their numbers where it is too wide, else in several parts of fewer columns."""
    if block.caption:
        yield Text(printable(block.caption), style="bold")
    lines = _Lines.of(block, stack=False)
    whole = list(range(len(block.columns)))
    if lines.natural(whole) > width:
        lines = _Lines.of(block, stack=True)
    for number, part in enumerate(lines.parts(width)):
        if number:
            yield Text()
        yield lines.rich(part, width)
    if block.footnote:
        yield Text(printable(block.footnote), style="dim")


@dataclass(frozen=True)
class _Lines:
    """A table as text: title and cells of each column, and how wide they are."""

    columns: Sequence[Column]
    titles: Sequence[str]
    cells: Sequence[Sequence[Text]]
    """By row."""

    @classmethod
    def of(cls, block: Table, stack: bool) -> "_Lines":
        titles = [printable(column.title) for column in block.columns]
        return cls(block.columns, titles, [[_cell(cell, stack) for cell in row] for row in block.rows])

    def natural(self, part: Sequence[int]) -> int:
        """The width at which nothing of these columns is wrapped."""
        return sum(self._widest(number) for number in part) + GAP * (len(part) - 1)

    def parts(self, width: int) -> Iterator[list[int]]:
        """The numbers of the columns of each part: the first column, and as many others as fit, at least one."""
        part = [0]
        for number in range(1, len(self.columns)):
            needed = sum(self._least(one) for one in (*part, number)) + GAP * len(part)
            if len(part) > 1 and needed > width:
                yield part
                part = [0]
            part.append(number)
        yield part

    def rich(self, part: Sequence[int], width: int) -> RichTable:
        """These columns, at most `width` wide: each as wide as it needs, the first ones wider where there is room."""
        table = RichTable(box=SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False)
        room = width - sum(self._least(number) for number in part) - GAP * (len(part) - 1)
        for number in part:
            more = max(0, min(room, self._widest(number) - self._least(number)))
            room -= more
            table.add_column(
                Text(self.titles[number]),
                justify=self.columns[number].align,
                overflow="fold",
                width=min(self._least(number) + more, width),
            )
        for row in self.cells:
            table.add_row(*(row[number] for number in part))
        return table

    def _widest(self, number: int) -> int:
        return max(cell_len(self.titles[number]), self._widest_cell(number))

    def _widest_cell(self, number: int) -> int:
        return max((cell_len(line) for row in self.cells for line in row[number].plain.split("\n")), default=0)

    def _least(self, number: int) -> int:
        """The width below which a column is not squeezed: words wrap, numbers do not."""
        if self.columns[number].align == "left":
            return min(self._widest(number), WORDS)
        word = max((cell_len(word) for word in self.titles[number].split()), default=0)
        return max(self._widest_cell(number), min(word, WORD))


def _cell(cell: Cell, stack: bool) -> Text:
    text = printable(words(cell))
    if isinstance(cell, Number) and stack and cell.interval:
        text = f"{cell.shown}\n{cell.interval}"
    return Text(text, style="bold red" if isinstance(cell, Doubtful) else "")
