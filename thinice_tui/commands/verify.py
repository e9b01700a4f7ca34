"""`thinice-tui verify`: check a run's adversarial images and predictions against its models, without attacking."""

from pathlib import Path
from typing import Annotated

import typer

from thinice_tui.commands.failures import shown_errors
from thinice_tui.commands.help import examples
from thinice_tui.commands.options import MODELS, ArchOption, DebugOption, RunArgument, TrustOption, expanded_path
from thinice_tui.errors import EXIT_ERROR, UsageError
from thinice_tui.safe_io.own_stdout import own_stdout

VERIFY_EXAMPLES = examples(
    "thinice-tui verify sample_models/standard.thinice",
    "thinice-tui verify runs/dense-pruned-1a2b3c4d.thinice dense.pt pruned.pt --format json",
)
FORMATS = ("text", "json")


def verify(
    run: RunArgument,
    models: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[MODEL]...",
            parser=expanded_path,
            help="The run's model files, in any order; only these are checked. None: those at the paths in the run.",
        ),
    ] = None,
    arch: ArchOption = ["auto"],  # noqa: B006  (Typer reads it, and nothing changes it)
    trust_pickle: TrustOption = None,
    device: Annotated[
        str, typer.Option(metavar="NAME", rich_help_panel=MODELS, help="Where to compute: auto, cpu, cuda:0, …")
    ] = "auto",
    form: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="The output's format: text (default) or json.")
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Check that a run is what it says, without attacking: weights, clean predictions, every adversarial image.

    Exits with 1 where it is not. Code that the run used (--arch, --trust-pickle) runs only if you name it here again.
    """
    with shown_errors(debug):
        if form is not None and form not in FORMATS:
            raise UsageError(f"--format is {form!r}, expected {' or '.join(FORMATS)}")
        from thinice_tui.runfile.reader import check_run_file

        check_run_file(run)
        with own_stdout() as stdout:
            from thinice_tui.engine.worker.environment import prepare_process
            from thinice_tui.protocol.model_options import ModelOptions
            from thinice_tui.report.forward_progress import ForwardProgress
            from thinice_tui.report.verification import print_verification

            prepare_process()
            from thinice_tui.engine.verification.verify_run import verify_run
            from thinice_tui.engine.worker.device import choose_device

            options = ModelOptions.given(arch, ["auto"], None, None, trust_pickle)
            with ForwardProgress() as progress:
                found = verify_run(run, models or (), options, choose_device(device), progress.show)
            print_verification(found, form or "text", stdout)
            stdout.flush()
        if not found.is_verified:
            raise typer.Exit(EXIT_ERROR)
