"""Options that several commands share, and how the command line reads a path."""

from pathlib import Path
from typing import Annotated

import typer

from thinice_tui.errors import UsageError
from thinice_tui.safe_io.paths import expanded


def expanded_path(text: str) -> Path:
    """What every option and argument that is a path is read by."""
    try:
        return expanded(text)
    except UsageError as error:
        raise typer.BadParameter(f"{error.what}; {error.do}") from error


RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN.thinice", parser=expanded_path, help="A run file, finished or still going.")
]
ArchOption = Annotated[
    str,
    typer.Option("--arch", metavar="SPEC", help="auto, a known name, FILE.py:factory, pkg.mod:factory or timm:NAME."),
]
NormalizeOption = Annotated[
    str,
    typer.Option(
        "--normalize", metavar="SPEC", help="auto, none, cifar10, cifar100, svhn, imagenet, mnist, or m,m,m/s,s,s."
    ),
]
KeepOption = Annotated[
    str | None,
    typer.Option("--keep", metavar="K", help="Fraction that scores in a model file keep: 0.1, or one a file: 1,0.1."),
]
TrustOption = Annotated[
    bool, typer.Option("--trust-pickle", help="Run code that is in model files: whole modules, TorchScript, .pt2.")
]
FormatOption = Annotated[
    str | None, typer.Option("--format", metavar="NAME", help="text or json; default: as -o is named, else text.")
]
OutputOption = Annotated[
    list[Path] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        parser=expanded_path,
        help="Write the report there, not to stdout: NAME.json or NAME.txt. Can be repeated.",
    ),
]
SamplesInReportOption = Annotated[
    bool, typer.Option("--samples-in-report", help="Add every sample's outcome to the JSON report.")
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
