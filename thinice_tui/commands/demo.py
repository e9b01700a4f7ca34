"""`thinice-tui demo`: browse the finished run that comes with the package."""

import gc

import typer

from thinice_tui.commands.failures import need_terminal, shown_errors
from thinice_tui.commands.help import examples
from thinice_tui.commands.options import DebugOption

DEMO_EXAMPLES = examples("thinice-tui demo", "python -m thinice_tui demo")


def demo(debug: DebugOption = False) -> None:
    """Browse a small finished run that comes with thinice-tui: five models, 200 images, nothing to attack."""
    with shown_errors(debug):
        from thinice_tui.runfile.demo import DEMO
        from thinice_tui.runfile.reader import check_run_file

        check_run_file(DEMO)
        need_terminal(f"for text: thinice-tui report {DEMO}")

        gc.disable()  # imports make no garbage, see `open`
        from thinice_tui.tui.app import open_in_app

        raise typer.Exit(open_in_app(DEMO))
