"""How the run was made: what a reader needs to repeat it, and how its intervals are computed."""

import shlex
from collections.abc import Iterator

from thinice_tui.analysis.auc import MINIMUM
from thinice_tui.analysis.capture import METHOD as CAPTURE
from thinice_tui.analysis.comparison import Analysis
from thinice_tui.analysis.excess import ODDS_METHOD
from thinice_tui.analysis.paired import METHOD as PAIRED
from thinice_tui.analysis.separation import METHOD as DELONG
from thinice_tui.errors import UsageError
from thinice_tui.protocol.request import Request
from thinice_tui.report.document.blocks import Block, Code, Facts, Heading, Paragraph
from thinice_tui.report.sections.decisions import decisions
from thinice_tui.report.sections.run_words import eps_words, time_words
from thinice_tui.runfile.run_info import RunInfo

LINE = 72
"""Columns of a line of the command."""
OF_ONE_MODEL = (
    ("accuracies", "Wilson's score interval, 95 %"),
    ("an audit's bound", "exact hypergeometric, one-sided, 95 %"),
)
"""What is estimated of one model, and by which method."""
OF_ONE_RUN = (
    *OF_ONE_MODEL,
    ("NFR, PFR, flip rates", "Wilson's score interval, 95 %"),
    (
        "AUC",
        "the span of method 5 of Newcombe 2006 and of the logit interval with DeLong's variance, 95 %; none with fewer "
        f"than {MINIMUM} samples on a side",
    ),
    ("excess NFR, differences of overestimation", f"{PAIRED}, 95 %"),
    ("odds ratio", f"{ODDS_METHOD}, 95 %"),
    ("losses within the lowest margins", f"{CAPTURE}, 95 %"),
    ("differences of AUCs", f"{DELONG}, 95 %"),
    ("gains against losses, pruned against control", "McNemar's exact two-sided test"),
    ("classes against one another", "Fisher's exact test, the smaller tail doubled"),
    ("several tests of one kind", "Holm's correction"),
)
"""The same of the models of a run."""
INTERVALS = (
    *OF_ONE_RUN,
    ("means over training seeds", "Student's t, 95 %, from five seeds on"),
    ("losses that seeds share", "hypergeometric within deciles of the dense margin, normal approximation, 95 %"),
)
"""The same of one run or several."""


def provenance(analysis: Analysis) -> Iterator[Block]:
    """Date, versions, checksums, seed, eps, command line, completeness; what was decided before; intervals' methods."""
    info = analysis.run.info
    settings = info.settings
    finished = "not finished" if info.finished is None else time_words(info.finished)
    rows = {
        "started": time_words(info.created),
        "finished": finished,
        "complete": "yes" if analysis.complete else "no: PARTIAL",
        "versions": ", ".join(f"{name} {version}" for name, version in info.versions.items()) or "not recorded",
        "threat model": f"{settings.norm}, eps {eps_words(settings.eps, settings.norm)}, pixels in [0,1]",
        "attack": settings.attack_shown,
        "seed": str(settings.seed),
        "device": f"{info.device}, batches of {info.batch_size}",
        "precision": "fp32"
        if settings.precision == "fp32"
        else f"gradients in {settings.precision}, queries and verdicts in full precision",
        "data": f"{info.data.source}, {info.data.samples} samples",
    }
    yield Heading("How these numbers were made")
    yield Facts(list(rows.items()))
    command = _command(info)
    if command is None:
        yield Paragraph("The run file does not say which command made it.")
    else:
        yield Code(" \\\n".join(_lines(command)), "sh")
    yield from (Paragraph(line, quiet=True) for line in decisions(info))
    yield Heading("SHA-256 checksums", level=3)
    yield Facts([("data", info.data.sha256), *((one.record.name, one.record.sha256) for one in analysis.run.models)])
    yield Heading("Intervals and tests", level=3)
    yield Facts(OF_ONE_MODEL if analysis.run.alone else OF_ONE_RUN)


def command_line(info: RunInfo) -> str | None:
    """The command that requests the same run, on one line for a shell; None where the run file does not say."""
    command = _command(info)
    return None if command is None else shlex.join(command)


def _command(info: RunInfo) -> list[str] | None:
    if info.request is None:
        return None
    try:
        return Request.from_dict(info.request).command()
    except UsageError:
        return None


def _lines(words: list[str]) -> Iterator[str]:
    """The words, quoted for a shell, in lines of at most LINE columns where they allow it."""
    line = ""
    for word in map(shlex.quote, words):
        if line and len(line) + 1 + len(word) > LINE:
            yield line
            line = f"    {word}"
        else:
            line = f"{line} {word}" if line else word
    yield line
