"""The formats of a report. A new format is one function that writes it, and one row of FORMATS."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from thinice_tui.errors import UsageError
from thinice_tui.report.html.page import html_report, needs_html
from thinice_tui.report.json_report import json_report
from thinice_tui.report.json_several import json_several
from thinice_tui.report.renderers.latex import latex
from thinice_tui.report.renderers.markdown import markdown
from thinice_tui.report.report import Report
from thinice_tui.report.report_options import ReportOptions
from thinice_tui.report.run_facts import run_facts
from thinice_tui.report.sample_columns import samples_csv
from thinice_tui.report.several_csv import several_csv, several_facts
from thinice_tui.report.text_report import print_blocks

Write = Callable[[Report, ReportOptions, Console], None]
"""Writes a report to a console, with what the options add where the format leaves the choice."""


@dataclass(frozen=True)
class ReportFormat:
    """One format."""

    suffix: str
    """A file's suffix that stands for this format."""
    write: Write
    holds_samples: bool
    """Whether it can hold every sample."""
    of_seeds: bool = True
    """Whether it can show several training seeds."""
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


def _write_text(report: Report, options: ReportOptions, console: Console) -> None:
    with console.capture() as captured:  # rich itself would end the program on a closed pipe
        print_blocks(report.blocks() if options.full else report.brief(), console)
    console.file.write(captured.get())


def _write_json(report: Report, options: ReportOptions, console: Console) -> None:
    found = json_report(report.analysis, options.samples)
    if report.several is not None:
        found["several"] = json_several(report.several)
    json.dump(found, console.file, indent=2, allow_nan=False)
    console.file.write("\n")


def _writing(text_of: Callable[[Report], str]) -> Write:
    """How a format is written that is one text and leaves no choice."""

    def write(report: Report, options: ReportOptions, console: Console) -> None:  # noqa: ARG001
        console.file.write(text_of(report))

    return write


def _csv(report: Report) -> str:
    run = report.analysis.run
    if report.several is not None and report.of_seeds:
        return several_csv(report.several)
    facts = run_facts(run) if report.several is None else several_facts(report.several)
    return samples_csv(run, np.arange(len(run.labels)), facts)


FORMATS = {
    "text": ReportFormat(".txt", _write_text, holds_samples=False),
    "md": ReportFormat(".md", _writing(lambda one: markdown(one.blocks())), holds_samples=False),
    "csv": ReportFormat(".csv", _writing(_csv), holds_samples=True),
    "json": ReportFormat(".json", _write_json, holds_samples=True),
    "latex": ReportFormat(".tex", _writing(lambda one: latex(one.blocks())), holds_samples=False),
    "html": ReportFormat(
        ".html",
        _writing(lambda one: html_report(one.analysis, one.more)),
        holds_samples=True,
        of_seeds=False,
        check=needs_html,
    ),
}
