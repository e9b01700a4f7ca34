"""The formats of a report. A new format is one function that writes it, and one row of FORMATS."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.errors import UsageError
from thinice_tui.report.html.page import html_report, needs_html
from thinice_tui.report.json_report import json_report
from thinice_tui.report.renderers.latex import latex
from thinice_tui.report.renderers.markdown import markdown
from thinice_tui.report.report_document import report_document
from thinice_tui.report.run_facts import run_facts
from thinice_tui.report.sample_columns import samples_csv
from thinice_tui.report.text_report import print_report

Write = Callable[[Analysis, bool, Console], None]
"""Writes an analysis to a console, with every sample where the flag says so and the format leaves the choice."""


@dataclass(frozen=True)
class ReportFormat:
    """One format."""

    suffix: str
    """A file's suffix that stands for this format."""
    write: Write
    holds_samples: bool
    """Whether it can hold every sample."""
    check: Callable[[], None] = lambda: None
    """Raises ThiniceError where a package is missing that the format needs."""


def check_format(name: str | None, known: tuple[str, ...] = ()) -> str:
    """`name`, one of `known` (none: a key of FORMATS); text where it is None. Raises UsageError for another name."""
    names = known or tuple(FORMATS)
    if name is not None and name not in names:
        raise UsageError(f"--format is {name!r}, expected {', '.join(names[:-1])} or {names[-1]}")
    return name or "text"


def format_of(path: Path) -> str | None:
    """The format that the suffix of `path` stands for; None: none."""
    return next((name for name, found in FORMATS.items() if found.suffix == path.suffix.lower()), None)


def _write_text(analysis: Analysis, samples: bool, console: Console) -> None:  # noqa: ARG001
    with console.capture() as captured:  # rich itself would end the program on a closed pipe
        print_report(analysis, console)
    console.file.write(captured.get())


def _write_json(analysis: Analysis, samples: bool, console: Console) -> None:
    json.dump(json_report(analysis, samples), console.file, indent=2, allow_nan=False)
    console.file.write("\n")


def _writing(text_of: Callable[[Analysis], str]) -> Write:
    """How a format is written that is one text and leaves no choice."""

    def write(analysis: Analysis, samples: bool, console: Console) -> None:  # noqa: ARG001
        console.file.write(text_of(analysis))

    return write


def _csv(analysis: Analysis) -> str:
    run = analysis.run
    return samples_csv(run, np.arange(len(run.labels)), run_facts(run))


FORMATS = {
    "text": ReportFormat(".txt", _write_text, holds_samples=False),
    "md": ReportFormat(".md", _writing(lambda one: markdown(report_document(one))), holds_samples=False),
    "csv": ReportFormat(".csv", _writing(_csv), holds_samples=True),
    "json": ReportFormat(".json", _write_json, holds_samples=True),
    "latex": ReportFormat(".tex", _writing(lambda one: latex(report_document(one))), holds_samples=False),
    "html": ReportFormat(".html", _writing(html_report), holds_samples=True, check=needs_html),
}
