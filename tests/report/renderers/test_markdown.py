"""The md format, read by a parser of GitHub's Markdown."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.fake_runs import write_run
from tests.report.hostile import CONTROLS, HOSTILE, hostile_analysis
from tests.report.rendering import MODELS, analysis_of
from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.report.document.blocks import Block, Code, Facts, Heading, Notice, Paragraph, Table, columns
from thinice_tui.report.document.cells import Number, words
from thinice_tui.report.renderers.markdown import LONGEST, markdown
from thinice_tui.report.report_document import report_document

TEXT_KINDS = {"text", "softbreak", "html_inline", "strong_open", "strong_close", "em_open", "em_close"}


def parsed(text: str) -> list[Token]:
    """GitHub's Markdown: tables, strikethrough, links without markup."""
    return MarkdownIt("gfm-like", {"html": True}).parse(text)


def inline(tokens: Sequence[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or ()]


def plain(token: Token) -> str:
    """What a reader sees."""
    return "".join(child.content for child in token.children or () if child.type == "text")


def tables(tokens: Sequence[Token]) -> list[list[list[str]]]:
    """Every table's rows of cells."""
    found: list[list[list[str]]] = []
    cell = False
    for token in tokens:
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and cell:
            found[-1][-1].append(plain(token))
        cell = token.type in ("th_open", "td_open")
    return found


def test_the_tables_hold_the_cells_of_the_document(tmp_path: Path) -> None:
    blocks = list(report_document(analysis_of(tmp_path)))
    text = markdown(blocks)
    wanted = [
        [[column.title for column in block.columns], *([words(cell) for cell in row] for row in block.rows)]
        for block in blocks
        if isinstance(block, Table)
    ]
    assert tables(parsed(text)) == wanted
    assert len(text) < LONGEST and "PGD-20" in text and "@inproceedings" in text


@pytest.mark.parametrize("hostile", [*HOSTILE, CONTROLS])
def test_hostile_text_is_shown_and_does_nothing(hostile: str) -> None:
    blocks: list[Block] = [
        *(Heading(hostile), Paragraph(hostile), Notice("warning", hostile), Facts([(hostile, hostile)])),
        Table(hostile, columns(hostile, hostile), [(hostile, Number(1.0, 0.5, 1.5)), (hostile, None)], hostile),
    ]
    tokens = parsed(markdown(blocks))
    assert {child.type for child in inline(tokens)} <= TEXT_KINDS
    assert {child.content for child in inline(tokens) if child.type == "html_inline"} <= {"<!-- -->"}
    assert not {"html_block", "fence", "code_block", "heading_close"} & {token.type for token in tokens[3:]}
    (table,) = tables(tokens)
    shown = "".join(c if c.isprintable() else "�" for c in hostile)
    assert table == [[shown, shown], [shown, "1.0 [0.5, 1.5]"], [shown, "–"]]
    assert plain(tokens[1]) == shown


def test_no_user_and_no_issue_is_mentioned() -> None:
    text = markdown([Paragraph("@user fixes #12 in a@b.c"), Table("", columns("@x"), [("#1",)])])
    assert not re.search(r"[@#]\w", text)


@pytest.mark.parametrize("start", ["- a", "+ a", "1. a", "12) a", "=== ", "--- ", "# a", "> a", "    a"])
def test_a_paragraph_is_no_list_heading_or_quote(start: str) -> None:
    kinds = [token.type for token in parsed(markdown([Paragraph(f"a {start}"), Paragraph(start.strip() or "x")]))]
    assert kinds == ["paragraph_open", "inline", "paragraph_close"] * 2


def test_code_with_fences_stays_one_block() -> None:
    (fence,) = parsed(markdown([Code("a\n````\nb", "sh")]))
    assert fence.type == "fence" and fence.content == "a\n````\nb\n" and fence.info == "sh"


def test_a_long_report_fits_a_comment_and_keeps_how_it_was_made(tmp_path: Path) -> None:
    many = {"dense": "dense"} | {f"pruned-{number}": "pruned" for number in range(60)}
    analysis = analyse(write_run(tmp_path / "a.thinice", many, n=40))  # type: ignore[arg-type]
    text = markdown(report_document(analysis))
    assert 0.8 * LONGEST < len(text) <= LONGEST
    assert "Parts that a comment has no room for are left out" in text
    assert "How these numbers were made" in text and "@software{thinicetui" in text and text.startswith("## Samples")


def test_a_hostile_run_is_a_report_without_markup_of_its_own(tmp_path: Path) -> None:
    tokens = parsed(markdown(report_document(hostile_analysis(tmp_path))))
    assert {child.type for child in inline(tokens)} <= TEXT_KINDS
    assert len(tables(tokens)) == len(tables(parsed(markdown(report_document(five(tmp_path / "b.thinice"))))))


def five(path: Path) -> Analysis:
    return analyse(write_run(path, {**MODELS, "b": "pruned", "c": "pruned"}, n=90))
