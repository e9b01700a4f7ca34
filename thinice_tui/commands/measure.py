"""What `margins` does: a forward pass, or a run of the dense model alone; then the file of margins."""

from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from thinice_tui.analysis.measured_margins import MeasuredMargins
from thinice_tui.commands.headless import READING
from thinice_tui.engine.worker.environment import prepare_process
from thinice_tui.errors import Interrupted
from thinice_tui.protocol.request import Request
from thinice_tui.report.console import ConsoleObserver
from thinice_tui.report.forward_progress import ForwardProgress
from thinice_tui.report.margins_file import margins_in, write_margins
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.run_claim import RunClaim
from thinice_tui.safe_io.own_stdout import own_stdout
from thinice_tui.safe_io.printable import printable


def clean_margins(request: Request, output: Path) -> None:
    """Measure margins on the clean images and write them; raises ThiniceError, Interrupted where it is stopped."""
    console = Console(stderr=True, emoji=False)
    console.print(READING, style="dim")
    with own_stdout():
        prepare_process()
        from thinice_tui.engine.compare import prepare  # torch takes seconds
        from thinice_tui.engine.margins import measure_margins
        from thinice_tui.engine.partial_margins import SUFFIX

        partial = output.with_name(output.name + SUFFIX)
        prepared = prepare(request)
        try:
            with ForwardProgress(console) as progress:
                observer = ConsoleObserver(console)
                found = measure_margins(
                    prepared, partial, request.settings.batch_size, request.time_limit, observer, progress.show
                )
        except KeyboardInterrupt:
            kept = f"; what is done is kept in {partial}" if partial.exists() else ""
            raise Interrupted(f"interrupted{kept}", "repeat the command to go on") from None
        write_margins(output, found)
        partial.unlink(missing_ok=True)
    _conclude(console, found, output)


def attacked_margins(request: Request, output: Path) -> None:
    """Attack the dense model alone, as `compare` does, and write its margins; raises ThiniceError likewise."""
    console = Console(stderr=True, emoji=False)
    console.print(READING, style="dim")
    with ExitStack() as closing:
        closing.enter_context(own_stdout())
        claim = closing.enter_context(RunClaim())
        if request.run is not None:
            claim.acquire(request.run, None)
        prepare_process()
        from thinice_tui.engine.compare import execute, prepare

        prepared = prepare(request)
        try:
            with ConsoleObserver(console) as observer:
                execute(request, prepared, observer, claim=claim)
        except KeyboardInterrupt:
            raise Interrupted(
                f"interrupted; everything up to the batch in flight is kept in {prepared.path}",
                "repeat the command to go on",
            ) from None
    found = margins_in(read_run(prepared.path))
    write_margins(output, found)
    _conclude(console, found, output, f", run file {prepared.path}")


def _conclude(console: Console, found: MeasuredMargins, output: Path, more: str = "") -> None:
    """One line: how many samples, and how many of them the model gets right."""
    said = f"clean accuracy {100 * float((found.predictions == found.labels).mean()):.1f} %"
    if found.robust is not None:
        said += f", robust {100 * float(found.robust.mean()):.1f} %"
    text = f"{output}: margins of {len(found.labels)} samples, {said}{more}"
    console.print(printable(text), style="dim", markup=False, highlight=False, soft_wrap=True)
