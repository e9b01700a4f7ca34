"""The command line: its commands, each in a file of its own, and how the program begins and ends."""

import io
import sys
from typing import Annotated

import typer

from thinice_tui.commands.compare import compare
from thinice_tui.commands.engine import engine
from thinice_tui.commands.failures import FULL, flush_stdout, stdout_lost
from thinice_tui.commands.info import info
from thinice_tui.commands.inspect import inspect
from thinice_tui.commands.open import open_command
from thinice_tui.commands.report import report_command

app = typer.Typer(
    name="thinice-tui",
    help="See which samples pruning costs a model under attack, and whether they were standing on thin ice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("compare")(compare)
app.command("open")(open_command)
app.command("report")(report_command)
app.command("inspect")(inspect)
app.command("info")(info)
app.command("engine", hidden=True)(engine)


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from thinice_tui import __version__

        print(f"thinice-tui {__version__}")
        raise typer.Exit


def entry() -> None:
    """The console script. Typer's own usage errors exit with 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our characters shows ?, and goes on
    try:
        app()
    except SystemExit as end:
        if (lost := flush_stdout()) is not None and not end.code:
            stdout_lost(lost)
        raise
    except OSError as error:
        if error.filename is not None or error.errno not in FULL:
            raise
        flush_stdout()
        stdout_lost(error)
