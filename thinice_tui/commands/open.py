"""`thinice-tui open`: browse a run file."""

import gc

import typer

from thinice_tui.commands.failures import can_draw, need_terminal, shown_errors
from thinice_tui.commands.help import examples
from thinice_tui.commands.options import DebugOption, OptionalRunArgument
from thinice_tui.errors import UsageError

OPEN_EXAMPLES = examples(
    "thinice-tui open sample_models/standard.thinice",
    "thinice-tui open runs/dense-pruned-1a2b3c4d.thinice",
)


def open_command(
    run: OptionalRunArgument = None,
    debug: DebugOption = False,
) -> None:
    """Browse a run, finished or still going on; without a name, choose from recent ones. This needs no torch."""
    with shown_errors(debug):
        if run is None:
            raise typer.Exit(_choose())
        from thinice_tui.runfile.reader import check_run_file

        check_run_file(run)
        need_terminal(f"for text: thinice-tui report {run}")

        gc.disable()  # imports make no garbage: 0.64 s of processor time until the first rows in place of 0.70
        from thinice_tui.tui.app import open_in_app

        raise typer.Exit(open_in_app(run))


def _choose() -> int:
    """Offer recent runs; the exit code. Raises UsageError where there is no terminal."""
    if not can_draw():
        raise UsageError("no run is named, expected RUN.thinice", "thinice-tui open runs/NAME.thinice")
    from thinice_tui.tui.app import choose_in_app

    return choose_in_app()
