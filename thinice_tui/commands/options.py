"""Options that several commands share, and how the command line reads a path."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from thinice_tui.commands.help import Command
from thinice_tui.errors import UsageError
from thinice_tui.safe_io.paths import expanded

TRUST = "--trust-pickle"
MODELS, DATA, ATTACK, RUN, REPORT = "Models", "Data", "Attack", "Run", "Report"
"""The headings under which `compare --help` lists its options."""


def expanded_path(text: str) -> Path:
    """Parse an option or argument that is a path; ~ is the home folder. Raises typer.BadParameter."""
    try:
        return expanded(text)
    except UsageError as error:
        raise typer.BadParameter(f"{error.what}; {error.do}") from error


class ModelCommand(Command):
    """A command that reads model files, with `--trust-pickle` as a flag or with a value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_trust_values(args))


def with_trust_values(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--trust-pickle` as `--trust-pickle=yes`, unless a value follows it: yes, no, or ROLE=… .

    A word with `=` that is the name of a file is no value.
    """
    words = list(arguments)
    options = words[: words.index("--")] if "--" in words else words
    for at, word in enumerate(options):
        value = next(iter(words[at + 1 : at + 2]), "")
        is_value = value in ("yes", "no") or (re.fullmatch(r"[^-].*=\w*", value) and not Path(value).exists())
        if word == TRUST and not is_value:
            words[at] = f"{TRUST}=yes"
    return words


def refuse_without_report(given: Mapping[str, object], do: str) -> None:
    """Raise UsageError where an option that is for reports is given; given: each option's value."""
    names = [name for name, value in given.items() if value]
    if names:
        are = "is for reports" if len(names) == 1 else "are for reports"
        raise UsageError(f"{', '.join(names)} {are}", do)


RunArgument = Annotated[
    Path,
    typer.Argument(metavar="RUN.thinice", parser=expanded_path, help="A run file; the run may still be going on."),
]
OptionalRunsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[RUN.thinice]...",
        parser=expanded_path,
        help="A run file; the run may still be going on. Several are read together. None: choose from those looked at "
        "last.",
    ),
]
RunsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="RUN.thinice...",
        parser=expanded_path,
        help="A run file; the run may still be going on. Several are read together, for a report once they are "
        "finished.",
    ),
]
ArchOption = Annotated[
    list[str],
    typer.Option(
        "--arch",
        metavar="[ROLE=]SPEC",
        rich_help_panel=MODELS,
        help="The architecture: auto, a known name, FILE.py:factory, package.module:factory, timm:NAME or "
        "robustbench:NAME. ROLE, in this and the next options, is dense, control, a pruned model's name, or pruned "
        "for all of these; without it, the option is for all files.",
    ),
]
NormalizeOption = Annotated[
    list[str],
    typer.Option(
        "--normalize",
        metavar="[ROLE=]SPEC",
        rich_help_panel=MODELS,
        help="The input normalisation: auto, none, a data set's name such as cifar10, or mean/std as m,m,m/s,s,s.",
    ),
]
KeepOption = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="[ROLE=]K",
        rich_help_panel=MODELS,
        help="The fraction of weights kept, for model files that hold scores: 0.1 for the pruned models, dense=1 for "
        "a dense model with scores.",
    ),
]
KeyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        metavar="[ROLE=]NAME",
        rich_help_panel=MODELS,
        help="Which weights are read, where a model file holds several: the key that leads to them, as model_ema.",
    ),
]
TrustOption = Annotated[
    list[str] | None,
    typer.Option(
        TRUST,
        metavar="[ROLE=yes]",
        rich_help_panel=MODELS,
        help="Run code that is in model files: whole pickled modules, TorchScript, .pt2. With ROLE=yes only that "
        "file's.",
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        rich_help_panel=REPORT,
        help="The report's format: text, md, csv, json, latex or html. Default: what the file's name says, else text.",
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
        help="Write the report to NAME.txt, .md, .csv, .json, .tex or .html instead of stdout. Can be repeated.",
    ),
]
FullOption = Annotated[
    bool,
    typer.Option(
        "--full",
        rich_help_panel=REPORT,
        help="The whole report as text, also plots, classes and the methods paragraph. Other formats always have it.",
    ),
]
SamplesInReportOption = Annotated[
    bool,
    typer.Option("--samples-in-report", rich_help_panel=REPORT, help="Add every sample's outcome to the JSON report."),
]
ClaimOption = Annotated[
    list[str] | None,
    typer.Option(
        "--claim",
        metavar="NAME=PERCENT@ATTACK",
        rich_help_panel=REPORT,
        help="A robust accuracy that others claim of a model, as pruned=62.2@pgd-50; it is shown beside the measured "
        "one. What else it says may follow: ,eps=8/255 or ,norm=Linf or ,samples=10000. Can be repeated.",
    ),
]
FailIfOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-if",
        metavar="COMPARISON",
        rich_help_panel=REPORT,
        help="Exit with 3 where this holds for a pruned model, or cannot be decided: nfr > 0.05, nfr.low@pruned > 0. "
        "Can be repeated.",
    ),
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
