"""The command line: the Typer application with its commands, and how the program starts and ends."""

import io
import sys
from typing import Annotated

import typer

from thinice_tui.commands.compare import COMPARE_EXAMPLES, compare
from thinice_tui.commands.demo import DEMO_EXAMPLES, demo
from thinice_tui.commands.engine import engine
from thinice_tui.commands.export import EXPORT_EXAMPLES, export
from thinice_tui.commands.failures import DISK_ERRORS, can_draw, exit_for_stdout, flush_stdout
from thinice_tui.commands.help import Command, Group
from thinice_tui.commands.info import INFO_EXAMPLES, info
from thinice_tui.commands.inspect import INSPECT_EXAMPLES, inspect
from thinice_tui.commands.margins import MARGINS_EXAMPLES, margins
from thinice_tui.commands.open import OPEN_EXAMPLES, open_command
from thinice_tui.commands.options import ModelCommand
from thinice_tui.commands.report import REPORT_EXAMPLES, report_command
from thinice_tui.commands.verify import VERIFY_EXAMPLES, verify
from thinice_tui.errors import EXIT_USAGE

FIRST_STEPS = """\
thinice-tui shows which samples a neural network loses when it is pruned, under attack.

First steps:
  thinice-tui demo                                        browse a small finished run that comes with it
  thinice-tui inspect dense.pt pruned.pt                  what is in the model files
  thinice-tui compare dense.pt pruned.pt --attack quick   attack both, and browse the samples
  thinice-tui open runs/NAME.thinice                      browse a run again
  thinice-tui report runs/NAME.thinice                    print its report

All commands: thinice-tui --help. One command: thinice-tui compare --help.
"""
EPILOG = (
    "Help of one command: thinice-tui compare --help\nTab completion in your shell: thinice-tui --install-completion"
)

app = typer.Typer(
    name="thinice-tui",
    help="Show which samples a neural network loses when it is pruned, under attack.",
    epilog=EPILOG,
    cls=Group,
    pretty_exceptions_enable=False,
)
app.command("compare", cls=ModelCommand, epilog=COMPARE_EXAMPLES)(compare)
app.command("open", cls=Command, epilog=OPEN_EXAMPLES)(open_command)
app.command("report", cls=Command, epilog=REPORT_EXAMPLES)(report_command)
app.command("inspect", cls=ModelCommand, epilog=INSPECT_EXAMPLES)(inspect)
app.command("margins", cls=ModelCommand, epilog=MARGINS_EXAMPLES)(margins)
app.command("export", cls=Command, epilog=EXPORT_EXAMPLES)(export)
app.command("verify", cls=ModelCommand, epilog=VERIFY_EXAMPLES)(verify)
app.command("demo", cls=Command, epilog=DEMO_EXAMPLES)(demo)
app.command("info", cls=Command, epilog=INFO_EXAMPLES)(info)
app.command("engine", cls=Command, hidden=True)(engine)


@app.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from thinice_tui.version import package_version

        print(f"thinice-tui {package_version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        if not can_draw():
            print(FIRST_STEPS, end="")
            raise typer.Exit(EXIT_USAGE)
        from thinice_tui.tui.app import choose_in_app

        raise typer.Exit(choose_in_app())


def entry() -> None:
    """The console script. Typer's own usage errors exit with 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks our characters shows ? instead
    try:
        app()
    except SystemExit as end:
        if (error := flush_stdout()) is not None and not end.code:
            exit_for_stdout(error)
        raise
    except OSError as error:
        if error.filename is not None or error.errno not in DISK_ERRORS:
            raise
        flush_stdout()
        exit_for_stdout(error)
