"""`thinice-tui open`: browse a run file."""

import gc

import typer

from thinice_tui.commands.failures import need_terminal, shown_errors
from thinice_tui.commands.help import examples
from thinice_tui.commands.options import DebugOption, RunArgument

OPEN_EXAMPLES = examples(
    "thinice-tui open sample_models/standard.thinice",
    "thinice-tui open runs/dense-pruned-1a2b3c4d.thinice",
)


def open_command(
    run: RunArgument,
    debug: DebugOption = False,
) -> None:
    """Browse a run, finished or still going on. This needs neither torch nor the models."""
    with shown_errors(debug):
        from thinice_tui.runfile.reader import check_run_file

        check_run_file(run)
        need_terminal(f"for text: thinice-tui report {run}")

        gc.disable()  # imports make no garbage: 0.64 s of processor time until the first rows in place of 0.70
        from thinice_tui.tui.app import open_in_app

        raise typer.Exit(open_in_app(run))
