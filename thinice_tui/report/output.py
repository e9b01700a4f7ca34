"""Where a report goes: checked before anything is read or computed, and written whole or not at all."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from rich.console import Console

from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.several.gate_over_seeds import evaluate_seeds
from thinice_tui.errors import RunFileError, ThiniceError, UsageError
from thinice_tui.report.formats import FORMATS, check_format, format_of
from thinice_tui.report.report import Report, read_report
from thinice_tui.report.report_options import ReportOptions
from thinice_tui.report.step_summary import conclude
from thinice_tui.runfile.reader import read_run
from thinice_tui.safe_io.atomic_write import check_writable, write_whole
from thinice_tui.safe_io.paths import same_file

STDOUT = ("/dev/stdout", "/proc/self/fd/1", "/dev/fd/1")
FILE_WIDTH = 100
"""Columns of a text report in a file."""


@dataclass(frozen=True)
class Target:
    """Where a report goes, and in which format."""

    path: Path | None
    """None: to stdout."""
    form: str
    """A key of FORMATS."""


def plan_output(
    form: str | None, outputs: Sequence[Path], options: ReportOptions, kept: Sequence[Path | None] = ()
) -> tuple[Target, ...]:
    """Each file of `outputs`, or stdout where there is none.

    form: what --format says; None: each file's name decides, and text where it has no suffix. options: what is wanted,
    which not every format has. kept: the command's own files, which no report may replace. Raises UsageError where
    options contradict one another, ThiniceError where a file cannot be written or a package is missing.
    """
    asked = check_format(form)
    for output in outputs:
        _refuse_own_file(output, kept)
    targets = tuple(_target(path, asked, form is not None) for path in outputs) or (Target(None, asked),)
    for target in targets:
        FORMATS[target.form].check()
    if options.full and not any(target.form == "text" for target in targets):
        raise UsageError("--full is for text reports, other formats always have everything", "leave it out")
    if options.samples and not any(FORMATS[target.form].holds_samples for target in targets):
        raise UsageError("--samples-in-report is for JSON reports", "add --format json, or -o NAME.json")
    paths = [target.path for target in targets]
    for number, path in enumerate(paths):
        if any(_same(path, other) for other in paths[:number]):
            raise UsageError(f"-o {path or outputs[number]} is given twice", "name each file once")
        if path is not None:
            _check_writable(path)
    return targets


def holds_results(path: Path) -> bool:
    """Whether the run file `path` is there and anything is computed, so that a report of it says something."""
    try:
        return analyse(read_run(path)).begun
    except RunFileError:
        return False


def write_report(
    paths: Sequence[Path], targets: Sequence[Target], options: ReportOptions, stdout: TextIO | None = None
) -> None:
    """Write the report of the run files `paths` to every target; a file is replaced whole or not at all.

    stdout: the stream to use for it; None: sys.stdout. Where one target fails the others are still written; then
    RunFileError is raised. Raises UsageError for a claim or gate that the run has no such number for, before anything
    is written, and GateFailed after it.
    """
    report = read_report(paths, options.claims)
    if report.of_seeds:
        _check_of_seeds(targets, options)
    verdicts = evaluate_seeds(options.gates, report.seeds)
    failed: list[RunFileError] = []
    for target in targets:
        try:
            _write(report, target, options, stdout)
        except OSError as error:
            if target.path is None and isinstance(error, BrokenPipeError):
                raise  # the program that reads stdout has seen enough
            failed.append(
                RunFileError(
                    f"{target.path or 'stdout'}: cannot be written ({error.strerror})",
                    f"the run is kept: thinice-tui report {' '.join(map(str, paths))}",
                )
            )
    if failed:
        raise failed[0]
    conclude(report, verdicts)


def _check_of_seeds(targets: Sequence[Target], options: ReportOptions) -> None:
    """Raise UsageError for what a report of several training seeds cannot be or do."""
    if options.samples:
        raise UsageError("--samples-in-report is for one run, not several training seeds", "give one run")
    for target in targets:
        if not FORMATS[target.form].of_seeds:
            names = [name for name, form in FORMATS.items() if form.of_seeds]
            raise UsageError(
                f"{target.form} is for one run, not several training seeds", f"expected {', '.join(names)}"
            )


def _target(path: Path, asked: str, explicit: bool) -> Target:
    named = format_of(path)
    suffixes = ", ".join(one.suffix for one in FORMATS.values())
    if not explicit and named is None and path.suffix:
        raise UsageError(
            f"-o {path}: no report format ends in {path.suffix}",
            f"expected {suffixes}, or a name without a suffix for text; --format says the format of any other name",
        )
    if explicit and named not in (None, asked):
        raise UsageError(
            f"-o {path} is named as {named}, --format says {asked}",
            f"leave --format out, for the name decides, or name the file otherwise; expected {suffixes}",
        )
    return Target(None if str(path) in STDOUT else path, named or asked)


def _refuse_own_file(path: Path, kept: Sequence[Path | None]) -> None:
    if any(own is not None and _same(path, own) for own in kept):
        raise UsageError(f"-o {path} would replace a file that this command reads", "give another name")


def _check_writable(path: Path) -> None:
    try:
        check_writable(path)
    except OSError as error:
        raise ThiniceError(
            f"-o {path}: cannot be written ({error.strerror})",
            "expected a file in a folder that is there and writable",
        ) from error


def _same(one: Path | None, other: Path | None) -> bool:
    """Whether two names mean one file, also through links; None: stdout."""
    if one is None or other is None:
        return one is other
    return same_file(one, other)


def _write(report: Report, target: Target, options: ReportOptions, stdout: TextIO | None) -> None:
    write = FORMATS[target.form].write
    if target.path is None:
        console = Console(file=stdout)
        write(report, options, console)
        console.file.flush()
        return

    def fill(stream: BinaryIO) -> None:
        text = io.TextIOWrapper(stream, encoding="utf-8")
        write(report, options, Console(file=text, width=FILE_WIDTH))
        text.flush()
        text.detach()

    write_whole(target.path, fill)
