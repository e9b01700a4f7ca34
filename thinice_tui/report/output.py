"""The formats a report comes in, and where it goes."""

import json
from pathlib import Path
from typing import TextIO

from rich.console import Console

from thinice_tui.analysis.comparison import Analysis, analyse
from thinice_tui.errors import RunFileError, UsageError
from thinice_tui.report.document import document
from thinice_tui.report.text import print_report
from thinice_tui.runfile.reader import read_run

FORMATS = ("text", "json")
FILE_WIDTH = 100


def check_format(name: str, output: Path | None = None, samples: bool = False) -> None:
    """Raise UsageError unless `name` is a format that fits the other options; before anything is computed."""
    if name not in FORMATS:
        raise UsageError(f"--format is {name!r}, expected {' or '.join(FORMATS)}")
    if name != "json" and samples:
        raise UsageError("--samples-in-report is for JSON reports", "add --format json")
    if name != "json" and output is not None and output.suffix == ".json":
        raise UsageError(f"-o {output} would be written as text", "add --format json, or name it otherwise")


def holds_results(path: Path) -> bool:
    """Whether the run file `path` is there, and a report of it would say anything."""
    try:
        run = read_run(path)
    except RunFileError:
        return False
    return any(bool((model.clean_prediction >= 0).any()) for model in run.models)


def write_report(path: Path, form: str, output: Path | None, samples: bool, stdout: TextIO | None = None) -> None:
    """The report of the run file `path`, to the file `output`, else to `stdout` (None: sys.stdout)."""
    analysis = analyse(read_run(path))
    if output is None:
        _write(analysis, form, samples, Console(file=stdout))
        return
    try:
        with output.open("w", encoding="utf-8") as stream:
            _write(analysis, form, samples, Console(file=stream, width=FILE_WIDTH))
    except OSError as error:
        raise RunFileError(
            f"{output}: cannot be written ({error.strerror})", f"the run is kept: thinice-tui report {path}"
        ) from error


def _write(analysis: Analysis, form: str, samples: bool, console: Console) -> None:
    if form == "json":
        json.dump(document(analysis, samples), console.file, indent=2, allow_nan=False)
        console.file.write("\n")
    else:
        with console.capture() as captured:  # rich itself would end the program on a closed pipe
            print_report(analysis, console)
        console.file.write(captured.get())
    console.file.flush()
