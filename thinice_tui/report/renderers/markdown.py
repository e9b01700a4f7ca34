"""The md format: blocks as GitHub-flavoured Markdown, for a comment on a pull request. Plots are sentences."""

import re
from collections.abc import Iterable, Iterator

from thinice_tui.report.document.blocks import Block, Code, Facts, Heading, Notice, Paragraph, Plot, Table
from thinice_tui.report.document.cells import words
from thinice_tui.safe_io.printable import printable, printable_lines

LONGEST = 65_535
"""Characters of a comment on GitHub."""
ALERTS = {"note": "NOTE", "partial": "IMPORTANT", "warning": "WARNING", "doubt": "CAUTION"}
SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~&$])")
AT_START = re.compile(r"^(\d*)([-+=.)])(?=\s|$|[-=])")
"""What begins a list, or underlines a heading."""
LEFT_OUT = (
    "> [!NOTE]\n> Parts that a comment has no room for are left out: `--format html`, `text` and `json` have all.\n"
)


def markdown(blocks: Iterable[Block]) -> str:
    """The blocks as a Markdown text of at most LONGEST characters.

    Where that is too little, blocks before the last section are left out from the first that has no room on, and a
    note says so.
    """
    listed = list(blocks)
    parts = ["\n".join(_block(block)) + "\n" for block in listed]
    sections = [n for n, block in enumerate(listed) if isinstance(block, Heading) and block.level == 2]
    last = sections[-1] if sections else len(parts)
    room = LONGEST - len(LEFT_OUT) - sum(len(part) + 1 for part in parts[last:])
    for number, part in enumerate(parts[:last]):
        room -= len(part) + 1
        if room < 0 and len("\n".join(parts)) > LONGEST:
            return "\n".join([*parts[:number], LEFT_OUT, *parts[last:]])[:LONGEST]
    return "\n".join(parts)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"{'#' * (level + 1)} {escaped(text)}"
        case Paragraph(text):
            yield escaped(text)
        case Notice(kind, text):
            yield f"> [!{ALERTS[kind]}]"
            yield f"> {escaped(text)}"
        case Facts(rows):
            yield from (f"- **{escaped(name)}**: {escaped(value)}" for name, value in rows)
        case Table():
            yield from _table(block)
        case Plot(chart, _, alt):
            yield f"*{escaped(chart.title)}.* {escaped(alt)}"
        case Code(text, language):
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
            yield f"{fence}{language}"
            yield printable_lines(text)
            yield fence


def _table(block: Table) -> Iterator[str]:
    if block.caption:
        yield f"**{escaped(block.caption)}**"
        yield ""
    yield _row(column.title for column in block.columns)
    yield "|" + "|".join(" ---: " if column.align == "right" else " :--- " for column in block.columns) + "|"
    yield from (_row(words(cell) for cell in row) for row in block.rows)
    if block.footnote:
        yield ""
        yield escaped(block.footnote)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"


def escaped(text: str) -> str:
    """Text that GitHub shows as it is, on one line: no markup, no link, no mention of a user or an issue."""
    text = AT_START.sub(r"\1\\\2", SPECIAL.sub(r"\\\1", printable(text).strip()))
    text = text.replace("://", ":\\/\\/").replace("www.", "www\\.")
    return re.sub("([@#])", r"\1<!-- -->", text)
