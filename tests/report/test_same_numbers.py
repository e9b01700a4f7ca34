"""One run, every format: the same numbers."""

import csv
import io
import json
import re
from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from tests.report.html.reading import parsed, tables
from tests.report.rendering import analysis_of
from thinice_tui.analysis.comparison import Analysis
from thinice_tui.report.document.cells import Number, words
from thinice_tui.report.formats import FORMATS
from thinice_tui.report.report import Report
from thinice_tui.report.sections.models import models_table

Row = list[str]


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analysis_of(tmp_path_factory.mktemp("run"))


def written(analysis: Analysis, form: str) -> str:
    stream = io.StringIO()
    FORMATS[form].write(Report(analysis), True, Console(file=stream, width=200))
    return stream.getvalue()


def from_markdown(text: str) -> list[Row]:
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
    inside = tokens[: next(n for n, token in enumerate(tokens) if token.type == "table_close")]
    cells = [tokens[n + 1] for n, token in enumerate(inside) if token.type == "td_open"]
    shown = ["".join(child.content for child in cell.children or ()) for cell in cells]
    return [shown[at : at + len(shown) // 3] for at in range(0, len(shown), len(shown) // 3)]


def from_latex(text: str) -> list[Row]:
    table = text[text.index(r"\midrule") : text.index(r"\bottomrule")]
    plain = re.sub(r"\{\\footnotesize ([^&]*?)\}(?= |$)", r"\1", table.replace("{[}", "[").replace("{]}", "]"))
    return [row.removesuffix(r" \\").replace("\\%", "%").split(" & ") for row in plain.splitlines()[1:]]


def from_html(text: str) -> list[Row]:
    return next(tables(parsed(text)))[1:]


@pytest.mark.parametrize(
    ("form", "read"),
    [("md", from_markdown), ("latex", from_latex), ("html", from_html)],
    ids=["md", "latex", "html"],
)
def test_documents_show_the_same_table_of_models(
    form: str, read: Callable[[str], list[Row]], analysis: Analysis
) -> None:
    (table,) = models_table(analysis)
    wanted = [[words(cell) for cell in row] for row in table.rows]  # type: ignore[union-attr]
    found = read(written(analysis, form))
    assert [[cell for cell in row if cell] for row in found] == [[cell for cell in row if cell] for row in wanted]


def test_the_text_has_every_number_of_it_in_its_row(analysis: Analysis) -> None:
    """Of 100 columns, so that intervals stand below their numbers."""
    text = written(analysis, "text").split("Models\n")[1].split("95 % intervals")[0]
    (table,) = models_table(analysis)
    for row in table.rows:  # type: ignore[union-attr]
        name, *cells = row
        lines = text.split(f"\n{name}")[1:]
        said = " ".join(" ".join(after.split("\n")[:2]) for after in lines).split()
        for cell in cells:
            if isinstance(cell, Number):
                assert cell.shown.split()[-1] in said and set(cell.interval.split()) <= set(said)


def test_data_formats_hold_the_same_numbers(analysis: Analysis) -> None:
    report = json.loads(written(analysis, "json"))
    rows = list(csv.DictReader(io.StringIO(written(analysis, "csv"), newline="")))
    for summary, told in zip(analysis.models, report["models"], strict=True):
        assert summary.robust_accuracy is not None
        standing = sum(row[f"lost@{told['name']}"] == "no" for row in rows) / len(rows)
        assert told["robust_accuracy"] == summary.robust_accuracy.value == standing
    for comparison, told in zip(analysis.comparisons, report["comparisons"], strict=True):
        sets = [row[f"set@{told['pruned']}"] for row in rows]
        assert told["nfr"] == comparison.nfr.value == sets.count("S10") / len(rows)
        assert told["sets"] == {name: sets.count(name) for name in told["sets"]}
