"""The formats a report comes in, and where it goes."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, TextIO, get_args

from rich.console import Console

from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.errors import RunFileError, ThiniceError, UsageError
from thinice_tui.report.json_report import json_report
from thinice_tui.report.text_report import print_report
from thinice_tui.runfile.reader import read_run
from thinice_tui.safe_io.atomic_write import check_writable, write_whole

Format = Literal["text", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIXES: dict[str, Format] = {".txt": "text", ".json": "json"}
"""What a file's name says of its format. Other names say nothing."""
STDOUT = ("/dev/stdout", "/proc/self/fd/1", "/dev/fd/1")
FILE_WIDTH = 100


@dataclass(frozen=True)
class Target:
    """Where a report goes, and in which format."""

    path: Path | None
    """None: to stdout."""
    form: Format


def check_format(name: str | None) -> Format:
    """The format of that name, text where none is given; raises UsageError."""
    if name is not None and name not in FORMATS:
        raise UsageError(f"--format is {name!r}, expected {' or '.join(FORMATS)}")
    return "json" if name == "json" else "text"


def plan_output(
    form: str | None, outputs: Sequence[Path], samples: bool, kept: Sequence[Path | None] = ()
) -> tuple[Target, ...]:
    """Where reports go: to each file of `outputs`, else to stdout; checked before anything is read or computed.

    form: what --format says; None: it was not given, and each file's name decides. samples: every sample is wanted,
    which only JSON holds. kept: the command's own files, which no report may replace. Raises UsageError where options
    contradict one another, ThiniceError where a file cannot be written.
    """
    asked = check_format(form)
    targets = tuple(_target(path, asked, form is not None) for path in outputs) or (Target(None, asked),)
    if samples and all(target.form != "json" for target in targets):
        raise UsageError("--samples-in-report is for JSON reports", "add --format json, or -o NAME.json")
    paths = [target.path for target in targets]
    for number, path in enumerate(paths):
        if any(_same(path, other) for other in paths[:number]):
            raise UsageError(f"-o {path or outputs[number]} is given twice", "name each file once")
        if path is not None:
            _check_writable(path, kept)
    return targets


def holds_results(path: Path) -> bool:
    """Whether the run file `path` is there, and a report of it would say anything."""
    try:
        return analyse(read_run(path)).begun
    except RunFileError:
        return False


def write_report(path: Path, targets: Sequence[Target], samples: bool, stdout: TextIO | None = None) -> None:
    """The report of the run file `path`, to every target; a file is replaced whole or not at all.

    samples: JSON holds every sample, too. stdout: where that is; None: sys.stdout. Where one target fails the others
    are still written; then RunFileError.
    """
    analysis = analyse(read_run(path))
    failed: list[RunFileError] = []
    for target in targets:
        try:
            _write(analysis, target, samples, stdout)
        except OSError as error:
            if target.path is None and isinstance(error, BrokenPipeError):
                raise  # whoever read stdout has seen enough
            failed.append(
                RunFileError(
                    f"{target.path or 'stdout'}: cannot be written ({error.strerror})",
                    f"the run is kept: thinice-tui report {path}",
                )
            )
    if failed:
        raise failed[0]


def _target(path: Path, asked: Format, explicit: bool) -> Target:
    named = SUFFIXES.get(path.suffix.lower())
    if explicit and named not in (None, asked):
        raise UsageError(
            f"-o {path} is named as {named}, --format says {asked}",
            f"leave --format out, for the name decides, or name the file otherwise; expected {', '.join(SUFFIXES)}",
        )
    return Target(None if str(path) in STDOUT else path, named or asked)


def _check_writable(path: Path, kept: Sequence[Path | None]) -> None:
    if any(own is not None and _same(path, own) for own in kept):
        raise UsageError(f"-o {path} would replace a file that this command reads", "give another name")
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
    try:
        return one.samefile(other)
    except OSError:
        return one.resolve() == other.resolve()


def _write(analysis: Analysis, target: Target, samples: bool, stdout: TextIO | None) -> None:
    if target.path is None:
        _print(analysis, target.form, samples, Console(file=stdout))
        return

    def fill(stream: BinaryIO) -> None:
        text = io.TextIOWrapper(stream, encoding="utf-8")
        _print(analysis, target.form, samples, Console(file=text, width=FILE_WIDTH))
        text.detach()

    write_whole(target.path, fill)


def _print(analysis: Analysis, form: Format, samples: bool, console: Console) -> None:
    if form == "json":
        json.dump(json_report(analysis, samples), console.file, indent=2, allow_nan=False)
        console.file.write("\n")
    else:
        with console.capture() as captured:  # rich itself would end the program on a closed pipe
            print_report(analysis, console)
        console.file.write(captured.get())
    console.file.flush()
