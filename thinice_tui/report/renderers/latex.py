r"""The latex format: blocks with booktabs tables, to compile alone or to include with \input."""

from collections.abc import Iterable, Iterator

from thinice_tui.report.document.blocks import Block, Code, Facts, Heading, Notice, Paragraph, Plot, Table
from thinice_tui.report.document.cells import Cell, Number, words
from thinice_tui.safe_io.printable import printable

HEAD = r"""% Compiles alone: pdflatex THIS.tex
% To include it, put \usepackage[T1]{fontenc} and \usepackage{booktabs,graphicx,amssymb} into your preamble, then
% \input{THIS}.
\expandafter\ifx\csname @twoclasseserror\endcsname\documentclass
\let\thiniceend\relax
\else
\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[margin=25mm]{geometry}
\usepackage{booktabs,graphicx,amssymb}
\renewcommand{\cite}[1]{[#1]}
\def\thiniceend{\end{document}}
\begin{document}
\fi

"""
"""Inside a document \\documentclass is what it became when the class was read: an error message."""
TAIL = "\n\n\\thiniceend\n"
SECTIONS = {1: "section*", 2: "subsection*", 3: "subsubsection*"}
ESCAPES = {
    **{"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}"},
    **{'"': r"\textquotedbl{}", "`": r"\textasciigrave{}", "|": r"\textbar{}", "[": "{[}", "]": "{]}"},
    **{"−": "$-$", "–": "{--}", "—": "{---}", "×": r"$\times$", "±": r"$\pm$", "≤": r"$\leq$", "≥": r"$\geq$"},
    **{"→": r"$\rightarrow$", "·": r"$\cdot$", "∞": r"$\infty$", "…": r"\ldots{}", "½": r"$\frac12$"},
    **{"●": r"$\bullet$", "▼": r"$\blacktriangledown$", "▲": r"$\blacktriangle$", "○": r"$\circ$"},
}
"""Characters that TeX reads as something else, or that its usual fonts lack."""
PIECE = 16
"""A longer word may be broken after so many characters."""


def latex(blocks: Iterable[Block]) -> str:
    """The blocks as one file of ASCII characters."""
    return HEAD + "\n\n".join("\n".join(_block(block)) for block in blocks) + TAIL


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(text, level):
            yield f"\\{SECTIONS[level]}{{{escaped(text)}}}"
        case Paragraph():
            yield _cited(block)
        case Notice(_, text):
            yield f"{{\\raggedright\\noindent\\textbf{{{escaped(text)}}}\\par}}"
        case Facts(rows):
            pairs = (f"\\noindent\\textbf{{{escaped(name)}:}} {escaped(value)}\\par" for name, value in rows)
            yield "{\\raggedright " + "\n".join(pairs) + "}"
        case Table():
            yield from _table(block)
        case Plot(chart, _, alt):
            yield f"\\noindent\\emph{{{escaped(chart.title)}.}} {escaped(alt)}"
        case Code(text, "bibtex"):
            yield from (f"% {_ascii(line)}" for line in text.split("\n"))
        case Code(text):
            lines = [f"\\texttt{{{escaped(line)}}}" for line in text.split("\n")]
            yield "\\begin{quote}\\raggedright " + "\\\\\n".join(lines) + "\\end{quote}"


def _cited(block: Paragraph) -> str:
    text = escaped(block.text)
    for words_of_it, key in block.citations:
        text = text.replace(f" {escaped(words_of_it)}", f"~\\cite{{{key}}}")
    return text


def _table(block: Table) -> Iterator[str]:
    yield "\\begin{table}[htbp]"
    yield "\\centering"
    if block.caption:
        yield f"\\caption{{{escaped(block.caption)}}}"
    yield "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%"
    yield f"\\begin{{tabular}}{{{''.join('r' if column.align == 'right' else 'l' for column in block.columns)}}}"
    yield "\\toprule"
    yield _row(escaped(column.title) for column in block.columns)
    yield "\\midrule"
    yield from (_row(_cell(cell) for cell in row) for row in block.rows)
    yield "\\bottomrule"
    yield "\\end{tabular}}"
    if block.footnote:
        yield f"\n\\footnotesize {escaped(block.footnote)}"
    yield "\\end{table}"


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cell(cell: Cell) -> str:
    if isinstance(cell, Number) and cell.interval:
        return f"{escaped(cell.shown)} {{\\footnotesize {escaped(cell.interval)}}}"
    return escaped(words(cell))


def escaped(text: str) -> str:
    """Text that TeX sets as it is, in ASCII; a character that its fonts lack is named by its code point."""
    return " ".join(_word(word) for word in printable(text).split(" "))


def _word(word: str) -> str:
    pieces = [word[at : at + PIECE] for at in range(0, len(word), PIECE)] if len(word) > 2 * PIECE else [word]
    return "\\allowbreak{}".join("".join(map(_character, piece)) for piece in pieces).replace("--", "-{}-")


def _character(character: str) -> str:
    if character in ESCAPES:
        return ESCAPES[character]
    if character.isascii():
        return character
    return LETTERS.get(character) or f"\\allowbreak{{}}U+{ord(character):04X}"


def _accents() -> dict[str, str]:
    """Latin letters with an accent, as TeX composes them."""
    import unicodedata

    marks = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030a": "r", "\u0327": "c"}
    found = {"ß": "\\ss{}", "ø": "\\o{}", "Ø": "\\O{}", "æ": "\\ae{}", "Æ": "\\AE{}", "ł": "\\l{}", "Ł": "\\L{}"}
    for code in range(0xC0, 0x180):
        letter, mark = (*unicodedata.normalize("NFD", chr(code)), "", "")[:2]
        if mark in marks and letter not in "ij":
            found[chr(code)] = f"\\{marks[mark]}{{{letter}}}"
    return found


LETTERS = _accents()


def _ascii(line: str) -> str:
    return printable(line).encode("ascii", "replace").decode()
