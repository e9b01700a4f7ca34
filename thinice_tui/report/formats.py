"""The formats of a report. A new format is one file that writes it, and one row of FORMATS."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from thinice_tui.analysis.comparison import Analysis
from thinice_tui.errors import UsageError
from thinice_tui.report.json_report import json_report
from thinice_tui.report.text_report import print_report


@dataclass(frozen=True)
class ReportFormat:
    """One format. write: writes an analysis to a console, with every sample where the flag says so."""

    suffix: str
    """A file's suffix that stands for this format."""
    write: Callable[[Analysis, bool, Console], None]
    holds_samples: bool
    """Whether it can hold every sample."""


def check_format(name: str | None) -> str:
    """`name`, a key of FORMATS; text where it is None. Raises UsageError for another name."""
    if name is not None and name not in FORMATS:
        raise UsageError(f"--format is {name!r}, expected {' or '.join(FORMATS)}")
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


FORMATS = {
    "text": ReportFormat(".txt", _write_text, holds_samples=False),
    "json": ReportFormat(".json", _write_json, holds_samples=True),
}
