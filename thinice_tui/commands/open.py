"""`thinice-tui open`: browse a run file, or several that are read together."""

import gc
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from thinice_tui.commands.failures import can_draw, need_terminal, shown_errors
from thinice_tui.commands.help import examples
from thinice_tui.commands.options import DebugOption, OptionalRunsArgument
from thinice_tui.errors import UsageError

if TYPE_CHECKING:
    from thinice_tui.runfile.records import Run

OPEN_EXAMPLES = examples(
    "thinice-tui open sample_models/standard.thinice",
    "thinice-tui open runs/seed-0.thinice runs/seed-1.thinice",
)


def open_command(
    runs: OptionalRunsArgument = None,
    debug: DebugOption = False,
) -> None:
    """Browse a run, finished or still going on; without a name, choose from recent ones. This needs no torch.

    Several runs of the same data are read together: the first is browsed, beside how often other seeds lose a sample.
    """
    with shown_errors(debug):
        if not runs:
            raise typer.Exit(_choose())
        from thinice_tui.runfile.reader import check_run_file

        for run in runs:
            check_run_file(run)
        together = _read_together(runs) if len(runs) > 1 else ()
        need_terminal(f"for text: thinice-tui report {' '.join(map(str, runs))}")

        gc.disable()  # imports make no garbage: 0.64 s of processor time until the first rows in place of 0.70
        from thinice_tui.tui.app import open_in_app

        raise typer.Exit(open_in_app(runs[0], together))


def _read_together(paths: Sequence[Path]) -> "tuple[Run, ...]":
    """Every run; raises RunFileError where they cannot be read together."""
    from thinice_tui.analysis.several.groups import group_runs
    from thinice_tui.runfile.reader import read_run

    runs = tuple(read_run(path) for path in paths)
    group_runs(runs, unfinished=True)
    return runs


def _choose() -> int:
    """Offer recent runs; the exit code. Raises UsageError where there is no terminal."""
    if not can_draw():
        raise UsageError("no run is named, expected RUN.thinice", "thinice-tui open runs/NAME.thinice")
    from thinice_tui.tui.app import choose_in_app

    return choose_in_app()
