"""Blocks as HTML elements. The page around them is `report/html/page.py`."""

from collections.abc import Callable, Iterable, Iterator
from html import escape

from thinice_tui.report.document.blocks import Block, Code, Facts, Heading, Notice, Paragraph, Plot, Table
from thinice_tui.report.document.cells import Cell, Doubtful, Number, words
from thinice_tui.safe_io.printable import printable, printable_lines

WORDS = {"note": "Note", "partial": "Partial", "warning": "Warning", "doubt": "Doubt"}
Draw = Callable[[Plot, int], str]
"""From a plot and its number in the page: an `<svg>` element."""


def html_blocks(blocks: Iterable[Block], draw: Draw) -> Iterator[str]:
    """An element for each block. A heading of level 2 has an id, `section-N`, for the list of contents."""
    plots = sections = 0
    for block in blocks:
        if isinstance(block, Plot):
            yield _figure(block, draw(block, plots))
            plots += 1
        elif isinstance(block, Heading) and block.level == 2:
            yield f'<h2 id="section-{sections}">{escaped(block.text)}</h2>'
            sections += 1
        else:
            yield _element(block)


def _element(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{escaped(text)}</h{level}>"
        case Paragraph(text, quiet):
            return f"<p{' class=quiet' if quiet else ''}>{escaped(text)}</p>"
        case Notice(kind, text):
            return f'<p class="notice {kind}" role="note"><strong>{WORDS[kind]}:</strong> {escaped(text)}</p>'
        case Facts(rows):
            pairs = (f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>" for name, value in rows)
            return f"<dl>{''.join(pairs)}</dl>"
        case Table():
            return _table(block)
        case Code(text):
            return f'<pre tabindex="0"><code>{escape(printable_lines(text))}</code></pre>'
        case _:
            raise ValueError(f"no element for {block}")


def _figure(plot: Plot, drawn: str) -> str:
    caption = f"<figcaption><strong>{escaped(plot.chart.title)}.</strong> {escaped(plot.alt)}</figcaption>"
    return f"<figure>{drawn}{caption}</figure>"


def _table(block: Table) -> str:
    head = "".join(f'<th scope="col" class="{column.align}">{escaped(column.title)}</th>' for column in block.columns)
    rows = []
    for row in block.rows:
        first, *others = (_cell(cell) for cell in row)
        cells = zip(block.columns[1:], others, strict=True)
        data = "".join(f'<td class="{column.align}">{text}</td>' for column, text in cells)
        rows.append(f'<tr><th scope="row">{first}</th>{data}</tr>')
    caption = f"<caption>{escaped(block.caption)}</caption>" if block.caption else ""
    foot = f"<p class=quiet>{escaped(block.footnote)}</p>" if block.footnote else ""
    return (
        f'<div class="scroll" tabindex="0"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{foot}"
    )


def _cell(cell: Cell) -> str:
    if isinstance(cell, Number) and cell.interval:
        return f"{escaped(cell.shown)} <small>{escaped(cell.interval)}</small>"
    if isinstance(cell, Doubtful):
        return f"<strong class=doubted>{escaped(words(cell))}</strong>"
    return escaped(words(cell))


def escaped(text: str) -> str:
    """Text for an element or a quoted attribute, without control characters."""
    return escape(printable(text))
