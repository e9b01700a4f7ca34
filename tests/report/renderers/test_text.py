"""The text format: of its width, and never cut."""

import re

import pytest

from tests.report.rendering import rendered
from thinice_tui.report.document.blocks import Block, Code, Facts, Heading, Notice, Paragraph, Table, columns
from thinice_tui.report.document.cells import Cell, Doubtful, Number

WIDTHS = [40, 60, 80, 200]


def table(models: int, name: str = "pruned-{}") -> Table:
    """A row a stage, a column a model; every cell is a number of its own."""
    names = [name.format(number) for number in range(models)]
    rows: list[list[Cell]] = [
        [f"stage {row}", *(Number(10 * row + column + 0.5, 1, 99.9) for column in range(models))] for row in range(4)
    ]
    return Table("Caption", columns("stage", *names), rows, "Foot.")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("models", [1, 5, 12])
def test_a_table_says_everything_at_every_width(models: int, width: int) -> None:
    text = rendered([table(models)], width)
    assert max(map(len, text.splitlines())) <= width
    for row in range(4):
        assert f"stage {row}" in text
        for column in range(models):
            assert re.search(rf"(?<!\d){10 * row + column}\.5(?!\d)", text)
    assert text.count("[1.0, 99.9]") == 4 * models and "…" not in text
    assert text.startswith("Caption\n") and text.split()[-1] == "Foot."


def test_intervals_stand_beside_their_numbers_where_there_is_room() -> None:
    assert "0.5 [1.0, 99.9]" in rendered([table(5)], 120) and "0.5 [1.0, 99.9]" not in rendered([table(5)], 80)


@pytest.mark.parametrize("width", WIDTHS)
def test_long_names_and_values_are_folded_and_whole(width: int) -> None:
    name, value = "n" * 150, "v" * 300
    text = rendered([table(2, name + "{}"), Facts([("sha256", value)]), Code(value, "sh")], width)
    assert max(map(len, text.splitlines())) <= width
    assert text.count("n") >= 300 and text.count("v") == 600


def test_each_kind_of_block_is_told_from_the_others() -> None:
    blocks: list[Block] = [
        *(Heading("Title", 1), Paragraph("a"), Notice("warning", "b"), Notice("doubt", "DOUBT")),
        *(Facts([("k", "v")]), Code("x\ny", "sh"), Table("", columns("m", "n"), [("a", Doubtful("3")), ("b", None)])),
    ]
    text = rendered(blocks, 60)
    for said in ("Title", "warning: b", "DOUBT", "k  v", "  x", "  y", "3 !", "–"):
        assert said in text, said
    assert "\x1b" not in text


def test_markup_and_terminal_escapes_are_shown_literally() -> None:
    evil = "[bold]x[/bold]\x1b[31m\ny"
    blocks: list[Block] = [
        *(Heading(evil), Paragraph(evil), Notice("note", evil), Facts([(evil, evil)]), Code(evil, "sh")),
        Table(evil, columns(evil, evil), [(evil, Doubtful(evil))], evil),
    ]
    text = rendered(blocks, 200)
    assert "\x1b" not in text and text.count("[bold]x[/bold]�[31m") == 12
    assert text.count("�[31m�y") == 11, "only code has lines of its own"
