"""`thinice-tui engine`: compute a run in the background; a hidden command that `compare` starts."""

import json
from typing import Annotated

import typer

from thinice_tui.commands.failures import shown_errors, sigterm_interrupts
from thinice_tui.commands.options import DebugOption
from thinice_tui.errors import UsageError


def engine(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="The request, as JSON.")],
    announce: Annotated[
        int | None, typer.Option(metavar="N", help="The file descriptor on which to announce the run file.")
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Compute a run whose file an interface watches. `compare` starts this command in the background."""
    with shown_errors(debug), sigterm_interrupts():
        from thinice_tui.engine.worker.environment import prepare_process

        prepare_process()
        from thinice_tui.engine.process.start import Announcer, run_engine
        from thinice_tui.protocol.request import Request

        try:
            stored = json.loads(request)
        except (ValueError, RecursionError) as error:
            raise UsageError("the request is not JSON", "`thinice-tui compare` makes one") from error
        run_engine(Request.from_dict(stored), Announcer(announce))
