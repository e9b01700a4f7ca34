"""`thinice-tui engine`: compute a run for a view; hidden, because `compare` starts it."""

import json
from typing import Annotated

import typer

from thinice_tui.commands.failures import errors_shown, stopped_by_sigterm
from thinice_tui.commands.options import DebugOption
from thinice_tui.errors import UsageError


def engine(
    request: Annotated[str, typer.Argument(help="A request, as JSON.")],
    announce: Annotated[int | None, typer.Option(help="The descriptor on which to name the run file.")] = None,
    debug: DebugOption = False,
) -> None:
    """Compute a run for a view that watches its file: what `compare` starts in the background."""
    with errors_shown(debug), stopped_by_sigterm():
        from thinice_tui.engine.process.environment import prepare_process

        prepare_process()
        from thinice_tui.engine.process.start import Announcer, run_engine
        from thinice_tui.protocol.request import Request

        try:
            stored = json.loads(request)
        except (ValueError, RecursionError) as error:
            raise UsageError("the request is not JSON", "`thinice-tui compare` makes one") from error
        run_engine(Request.from_dict(stored), Announcer(announce))
