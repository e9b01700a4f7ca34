"""Blocks as HTML, read by html5lib."""

from pathlib import Path

import pytest

from tests.report.hostile import CONTROLS, HOSTILE
from tests.report.html.reading import fragment, tables, words
from tests.report.rendering import analysis_of
from thinice_tui.report.document import cells
from thinice_tui.report.document.blocks import Block, Code, Facts, Heading, Notice, Paragraph, Table, columns
from thinice_tui.report.renderers.html import html_blocks
from thinice_tui.report.report_document import report_document

OURS = {
    *("h1", "h2", "h3", "p", "strong", "dl", "dt", "dd", "div", "table", "caption", "thead", "tbody", "tr", "th"),
    *("td", "small", "pre", "code", "figure", "figcaption"),
}


def made(blocks: list[Block]) -> str:
    return "\n".join(html_blocks(blocks, lambda _, number: f"<p>{number}</p>"))


def test_the_tables_hold_the_cells_of_the_document(tmp_path: Path) -> None:
    blocks = list(report_document(analysis_of(tmp_path)))
    wanted = [
        [[column.title for column in block.columns], *([cells.words(cell) for cell in row] for row in block.rows)]
        for block in blocks
        if isinstance(block, Table)
    ]
    assert list(tables(fragment(made(blocks)))) == wanted


@pytest.mark.parametrize("hostile", [*HOSTILE, CONTROLS])
def test_hostile_text_is_text(hostile: str) -> None:
    blocks: list[Block] = [
        *(Heading(hostile), Paragraph(hostile), Notice("doubt", hostile), Facts([(hostile, hostile)])),
        Table(hostile, columns(hostile, hostile), [(hostile, cells.Doubtful(hostile))], hostile),
        Code(hostile, "sh"),
    ]
    root = fragment(made(blocks))
    assert {element.tag for element in root.iter()} <= OURS | {"DOCUMENT_FRAGMENT"}
    assert {name for element in root.iter() for name in element.attrib} <= {"class", "role", "scope", "tabindex", "id"}
    shown = " ".join("".join(c if c.isprintable() else "�" for c in hostile).split())
    assert words(root).count(shown) == (12 if hostile != CONTROLS else 11), "code keeps its lines"


def test_sections_have_the_ids_that_the_contents_link_to() -> None:
    root = fragment(made([Heading("T", 1), Heading("a"), Heading("part", 3), Heading("b")]))
    assert [(element.get("id"), element.text) for element in root.iter("h2")] == [
        ("section-0", "a"),
        ("section-1", "b"),
    ]


def test_a_notice_says_in_a_word_what_it_is() -> None:
    root = fragment(made([Notice("doubt", "x"), Notice("partial", "y"), Notice("warning", "z"), Notice("note", "n")]))
    assert [words(element) for element in root.iter("p")] == ["Doubt: x", "Partial: y", "Warning: z", "Note: n"]
