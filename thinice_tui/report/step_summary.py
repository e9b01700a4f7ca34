"""How a report with gates ends: the verdicts on GitHub's summary page of the job, and as an error."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from thinice_tui.analysis.gate import Verdict
from thinice_tui.errors import GateFailed, ThiniceError
from thinice_tui.report.document.blocks import Block, Heading, Paragraph, Table, columns
from thinice_tui.report.document.cells import Doubtful, Number
from thinice_tui.report.renderers.markdown import markdown
from thinice_tui.report.report import Report
from thinice_tui.report.sections.header import header
from thinice_tui.report.sections.models import models_table
from thinice_tui.report.sections.several import models_over_seeds, several_header

VARIABLE = "GITHUB_STEP_SUMMARY"
"""The environment variable with the file that GitHub shows as the job's summary."""


def conclude(report: Report, verdicts: Sequence[Verdict]) -> None:
    """Append the verdicts to the job's summary, where the environment names one; raise GateFailed where one failed.

    Raises ThiniceError where the summary cannot be written. Nothing happens without verdicts.
    """
    if not verdicts:
        return
    failed = [verdict.reason for verdict in verdicts if verdict.failed]
    if path := os.environ.get(VARIABLE):
        _append(Path(path), markdown(summary(report, verdicts)))
    if failed:
        raise GateFailed(
            f"--fail-if {'; '.join(failed)}", "the report is written; exit code 3 says that the gate failed"
        )


def summary(report: Report, verdicts: Sequence[Verdict]) -> Iterator[Block]:
    """What was asked and found, and the table of models."""
    failed = sum(verdict.failed for verdict in verdicts)
    several = report.several if report.of_seeds else None
    yield from header(report.analysis) if several is None else several_header(several)
    yield Heading("Gate failed" if failed else "Gate passed")
    yield Paragraph(f"{failed} of {len(verdicts)} comparisons hold or cannot be decided.")
    yield Table(
        "",
        columns("fails if", "model", *["run"] * report.of_seeds, "found", "so", left=["model", "run", "so"]),
        [
            (
                verdict.gate.text,
                verdict.model,
                *[verdict.run] * report.of_seeds,
                None if verdict.undecided else Number(verdict.value, digits=4),
                Doubtful(verdict.undecided or "fails") if verdict.failed else "passes",
            )
            for verdict in verdicts
        ],
    )
    if several is None:
        yield from models_table(report.analysis)
    else:
        yield models_over_seeds(several)


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"{text}\n")
    except OSError as error:
        raise ThiniceError(
            f"{path}: cannot be written ({error.strerror})", f"{VARIABLE} names it: unset it, or name a file"
        ) from error
