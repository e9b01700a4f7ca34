"""Options that several commands share, and how the command line reads a path."""

from pathlib import Path
from typing import Annotated

import typer

from thinice_tui.errors import UsageError
from thinice_tui.safe_io.paths import expanded

MODELS, DATA, ATTACK, RUN, REPORT = "Models", "Data", "Attack", "Run", "Report"
"""The headings under which `compare --help` lists its options."""


def expanded_path(text: str) -> Path:
    """Parse an option or argument that is a path; ~ is the home folder. Raises typer.BadParameter."""
    try:
        return expanded(text)
    except UsageError as error:
        raise typer.BadParameter(f"{error.what}; {error.do}") from error


RunArgument = Annotated[
    Path,
    typer.Argument(metavar="RUN.thinice", parser=expanded_path, help="A run file; the run may still be going on."),
]
ArchOption = Annotated[
    str,
    typer.Option(
        "--arch",
        metavar="SPEC",
        rich_help_panel=MODELS,
        help="The architecture: auto, a known name, FILE.py:factory, package.module:factory or timm:NAME.",
    ),
]
NormalizeOption = Annotated[
    str,
    typer.Option(
        "--normalize",
        metavar="SPEC",
        rich_help_panel=MODELS,
        help="The input normalisation: auto, none, a data set's name such as cifar10, or mean/std as m,m,m/s,s,s.",
    ),
]
KeepOption = Annotated[
    str | None,
    typer.Option(
        "--keep",
        metavar="K",
        rich_help_panel=MODELS,
        help="The fraction of weights kept, for model files that hold scores: "
        "0.1 for the pruned models, or one number a file, as 1,0.1.",
    ),
]
TrustOption = Annotated[
    bool,
    typer.Option(
        "--trust-pickle",
        rich_help_panel=MODELS,
        help="Run code that is in model files: whole pickled modules, TorchScript, .pt2.",
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        rich_help_panel=REPORT,
        help="The report's format: text or json. Default: what the file's name says, else text.",
    ),
]
OutputOption = Annotated[
    list[Path] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        parser=expanded_path,
        rich_help_panel=REPORT,
        help="Write the report to NAME.json or NAME.txt instead of stdout. Can be repeated.",
    ),
]
SamplesInReportOption = Annotated[
    bool,
    typer.Option("--samples-in-report", rich_help_panel=REPORT, help="Add every sample's outcome to the JSON report."),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
