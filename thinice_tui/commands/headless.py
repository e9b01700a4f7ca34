"""`compare` without the interface: attack and report, or print what would run."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from rich.console import Console

from thinice_tui.engine.worker.environment import prepare_process
from thinice_tui.errors import Interrupted
from thinice_tui.protocol.request import Request
from thinice_tui.report.output import Target, holds_results, write_report
from thinice_tui.report.report_options import ReportOptions
from thinice_tui.runfile.run_claim import RunClaim
from thinice_tui.safe_io.own_stdout import own_stdout
from thinice_tui.safe_io.printable import printable, printable_lines

READING = "reading models and data …"


def compare_headless(request: Request, targets: Sequence[Target], options: ReportOptions) -> None:
    """Attack until done, with progress on stderr, and write the report to `targets`.

    An interrupted run still gets a partial report, which no gate judges; then Interrupted is raised. Raises
    ThiniceError, of which GateFailed once the report is written.
    """
    console = Console(stderr=True, emoji=False)
    console.print(READING, style="dim")
    with ExitStack() as closing:
        stdout, claim = closing.enter_context(own_stdout()), closing.enter_context(RunClaim())
        if request.run is not None:
            claim.acquire(request.run, None)
        prepare_process()
        from thinice_tui.engine.compare import execute, prepare  # torch takes seconds: claim the file before
        from thinice_tui.report.console import ConsoleObserver

        prepared = prepare(request)
        try:
            with ConsoleObserver(console) as observer:
                execute(request, prepared, observer, claim=claim)
        except (KeyboardInterrupt, Interrupted) as stop:
            if not holds_results(prepared.path):
                raise Interrupted("interrupted before anything was computed") from None
            write_report([prepared.path], targets, replace(options, gates=()), stdout)
            raise (
                stop
                if isinstance(stop, Interrupted)
                else Interrupted(
                    f"interrupted; everything up to the batch in flight is kept in {prepared.path}",
                    f"repeat the command to go on, or look at it: thinice-tui report {prepared.path}",
                )
            ) from None
        console.print(
            printable(f"run file: {prepared.path}"), style="dim", markup=False, highlight=False, soft_wrap=True
        )
        write_report([prepared.path], targets, options, stdout)


def dry_run(request: Request, as_json: bool) -> None:
    """Read and check every file and print what would run; attack and write nothing. Raises ThiniceError."""
    console = Console(stderr=True, emoji=False)
    console.print(READING, style="dim")
    with own_stdout() as stdout:
        prepare_process()
        from thinice_tui.engine.compare import plan_only, prepare

        planned = plan_only(request, prepare(request))
        text = json.dumps(planned.as_dict(), indent=2) if as_json else printable_lines(planned.text())
        stdout.write(f"{text}\n")
        stdout.flush()
