r"""The latex format: compiled where there is a compiler, alone and by \input, and read by a parser everywhere."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from pylatexenc.latexwalker import LatexWalker

from tests.report.hostile import CONTROLS, HOSTILE, hostile_analysis
from tests.report.rendering import analysis_of
from thinice_tui.report.document.blocks import Block, Code, Facts, Heading, Notice, Paragraph, Table, columns
from thinice_tui.report.document.cells import Number
from thinice_tui.report.references import WORKS, bibtex
from thinice_tui.report.renderers.latex import escaped, latex
from thinice_tui.report.report_document import report_document
from thinice_tui.safe_io.printable import printable

needs_compiler = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
INCLUDING = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{booktabs,graphicx,amssymb}
\begin{document}
\section{Before}
\input{report}
\section{After}
\end{document}
"""


def compiled(folder: Path, name: str) -> str:
    """The log of the compilation, which must give a PDF; \\input of another file than the report fails."""
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", f"{name}.tex"],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert (folder / f"{name}.pdf").stat().st_size > 1000
    return (folder / f"{name}.log").read_text(errors="replace")


@needs_compiler
def test_the_report_compiles_alone_and_included(tmp_path: Path) -> None:
    (tmp_path / "report.tex").write_text(latex(report_document(analysis_of(tmp_path / "run"))))
    (tmp_path / "paper.tex").write_text(INCLUDING)
    for name in ("report", "paper"):
        assert "Overfull" not in compiled(tmp_path, name)


@needs_compiler
def test_hostile_names_compile_and_read_no_file(tmp_path: Path) -> None:
    everything = "".join(map(chr, range(1, 0x250))) + "猫😀"
    text = latex([*report_document(hostile_analysis(tmp_path)), Paragraph(everything), Facts([(everything, "[x]")])])
    (tmp_path / "report.tex").write_text(text)
    assert "passwd" not in re.findall(r"\(([^\s()]*)", compiled(tmp_path, "report"))


CITING = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\begin{document}
\nocite{*}Text.
\bibliographystyle{plain}
\bibliography{works}
\end{document}
"""


@needs_compiler
def test_every_bibtex_entry_is_set(tmp_path: Path) -> None:
    (tmp_path / "works.bib").write_text(bibtex(tuple(WORKS)))
    (tmp_path / "paper.tex").write_text(CITING)
    compiled(tmp_path, "paper")
    done = subprocess.run(["bibtex", "paper"], cwd=tmp_path, capture_output=True, text=True, check=True)
    warnings = [line for line in done.stdout.splitlines() if line.startswith("Warning")]
    assert warnings == ['Warning--entry type for "thinicetui" isn\'t style-file defined'], "plain knows no @software"
    compiled(tmp_path, "paper")
    assert (tmp_path / "paper.bbl").read_text().count("\\bibitem") == len(WORKS)


NAMED = {"textless": "<", "textgreater": ">", "textbar": "|", "textquotedbl": '"', "textasciicircum": "^"}
"""Characters by macros that pylatexenc leaves out."""


def read(text: str) -> str:
    """What TeX would set, as pylatexenc reads it; raises where braces or environments are not balanced."""
    LatexWalker(text, tolerant_parsing=False).get_latex_nodes()
    known = get_default_latex_context_db()
    known.add_context_category("named", macros=[MacroTextSpec(*one) for one in NAMED.items()], prepend=True)
    told: str = LatexNodes2Text(latex_context=known, strict_latex_spaces=True).latex_to_text(text)
    return told


@pytest.mark.parametrize("hostile", [*HOSTILE, "é ß Ł", "100 % of a_b -- c"])
def test_a_parser_reads_every_name_back(hostile: str) -> None:
    assert read(escaped(hostile)) == printable(hostile)


def test_a_parser_reads_the_whole_report(tmp_path: Path) -> None:
    for analysis in (analysis_of(tmp_path / "run"), hostile_analysis(tmp_path)):
        body = latex(report_document(analysis)).partition("\\begin{document}\n\\fi")[2].partition("\\thiniceend")[0]
        told = " ".join(read(body).split()).lower()  # its headings are in capitals
        assert "samples on thin ice" in told and "how these numbers were made" in told
        names = [printable(model.record.name).replace("\ufffd", "U+FFFD").lower() for model in analysis.run.models]
        assert not [name for name in names if " ".join(name.split()) not in told]


@pytest.mark.parametrize("hostile", [*HOSTILE, CONTROLS])
def test_nothing_of_a_name_is_a_command(hostile: str) -> None:
    r"""Every backslash is ours, braces are balanced, and no character ends a cell, a row or a line's text."""
    text = escaped(hostile)
    assert text.isascii() and "\n" not in text
    ours = r"\\(text\w+\{\}|[{}$&#_%]|allowbreak\{\}|ldots\{\})"
    rest = re.sub(ours, "", text)
    assert not re.search(r"[\\$&#_%~^]", rest), rest
    assert rest.count("{") == rest.count("}")


def test_a_table_is_booktabs_with_as_many_cells_in_each_row() -> None:
    blocks: list[Block] = [
        Heading("T"),
        Table("C & D", columns("a", "b & c"), [("x_1", Number(1.0, 0.5, 1.5)), ("y", None)], "100 %"),
        Notice("doubt", "no"),
    ]
    text = latex(blocks)
    inside = text[text.index(r"\begin{tabular}{lr}") : text.index(r"\end{tabular}")]
    rows = [line for line in inside.splitlines() if line.endswith(r"\\")]
    assert [len(re.split(r"(?<!\\)&", row)) for row in rows] == [2, 2, 2]
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert inside.count(rule) == 1
    assert r"C \& D" in text and r"x\_1 & 1.0 {\footnotesize {[}0.5, 1.5{]}} \\" in rows[1] + rows[1]
    assert r"100 \%" in text


def test_citations_are_commands_and_their_entries_comments() -> None:
    paragraph = Paragraph("PGD (Madry et al. 2018) ran.", citations=[("(Madry et al. 2018)", "madry2018towards")])
    text = latex([paragraph, Code("@article{x,\n  title = {Y}}", "bibtex"), Code("a --b_c", "sh")])
    assert r"PGD~\cite{madry2018towards} ran." in text
    assert "% @article{x,\n%   title = {Y}}" in text and r"\texttt{a -{}-b\_c}" in text


def test_accents_are_composed_and_other_characters_named() -> None:
    assert escaped("é ß Ł 猫 −") == r"\'{e} \ss{} \L{} \allowbreak{}U+732B $-$"
