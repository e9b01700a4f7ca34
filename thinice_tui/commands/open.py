"""`thinice-tui open`: browse a run file."""

import gc

import typer

from thinice_tui.commands.failures import errors_shown, need_terminal
from thinice_tui.commands.options import DebugOption, RunArgument


def open_command(
    run: RunArgument,
    debug: DebugOption = False,
) -> None:
    """Browse a run, finished or still going, without torch."""
    with errors_shown(debug):
        from thinice_tui.runfile.reader import check_run_file

        check_run_file(run)
        need_terminal(f"for text: thinice-tui report {run}")

        gc.disable()  # importing makes no garbage; the interface enables it
        from thinice_tui.tui.app import open_in_app

        raise typer.Exit(open_in_app(run))
