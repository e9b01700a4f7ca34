"""The front door: Typer commands, nothing else. torch is imported only by the commands that need it."""

import errno
import gc
import io
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer

from thinice_tui.commands.options import (
    ArchOption,
    DebugOption,
    FormatOption,
    KeepOption,
    NormalizeOption,
    OutputOption,
    RunArgument,
    SamplesInReportOption,
    TrustOption,
    expanded_path,
)
from thinice_tui.errors import EXIT_ERROR, EXIT_INTERRUPTED, Interrupted, ThiniceError, UsageError
from thinice_tui.safe_io.own_stdout import own_stdout
from thinice_tui.safe_io.printable import printable

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Why a stream that is open cannot be written."""

app = typer.Typer(
    name="thinice-tui",
    help="See which samples pruning costs a model under attack, and whether they were standing on thin ice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from thinice_tui import __version__

        print(f"thinice-tui {__version__}")
        raise typer.Exit


@app.command()
def compare(
    dense: Annotated[
        Path, typer.Argument(metavar="DENSE", parser=expanded_path, help="The checkpoint before pruning.")
    ],
    pruned: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PRUNED...]", parser=expanded_path, help="Its pruned versions; none: the model alone."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="SPEC", help="cifar10:DIR, folder:DIR, FILE.npz, …; default: what the checkpoint names."),
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=expanded_path,
            help="The dense model retrained without pruning: what flips by itself.",
        ),
    ] = None,
    arch: ArchOption = "auto",
    normalize: NormalizeOption = "auto",
    keep: KeepOption = None,
    trust_pickle: TrustOption = False,
    norm: Annotated[str, typer.Option(metavar="NORM", help="Linf or L2.")] = "Linf",
    eps: Annotated[
        str | None, typer.Option(metavar="EPS", help="Budget, as 8/255 or 0.5; default 8/255 (Linf), 0.5 (L2).")
    ] = None,
    attack: Annotated[
        str, typer.Option(metavar="NAME", help="quick, standard (AutoAttack), plus (the paper's), or pgd-K.")
    ] = "standard",
    samples: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Attack the first N of those selected; default: all.")
    ] = None,
    classes: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="Samples of these classes only, by name or label number.")
    ] = None,
    indices: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=expanded_path,
            help="Samples of these original indices only: text, CSV, JSON, .npy.",
        ),
    ] = None,
    shuffle: Annotated[
        int | None, typer.Option(metavar="SEED", help="In random order, so that --samples takes a random subset.")
    ] = None,
    class_map: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", parser=expanded_path, help="Of folder:DIR: label numbers by folder name, JSON or CSV."
        ),
    ] = None,
    resize: Annotated[
        int | None, typer.Option(metavar="N", help="Of image files: make the shorter side N pixels.")
    ] = None,
    crop: Annotated[
        int | None, typer.Option(metavar="N", help="Of image files: take the central N × N pixels.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the attacks' noise.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:0, …")] = "auto",
    batch_size: Annotated[
        str, typer.Option(metavar="N", help="Samples a batch, or auto: what a stop can lose. Part of what a run is.")
    ] = "auto",
    keep_images: Annotated[
        str, typer.Option(metavar="WHICH", help="Adversarial images in the run file: flips, all or none.")
    ] = "flips",
    precision: Annotated[
        str, typer.Option(metavar="NAME", help="fp32, or bf16: search faster; verdicts are in full precision.")
    ] = "fp32",
    distances: Annotated[
        bool, typer.Option("--distances", help="Measure each sample's distance to the decision boundary, too.")
    ] = False,
    time_limit: Annotated[
        str | None, typer.Option(metavar="TIME", help="Stop after that long, with a whole batch: 90s, 30m, 1h30m.")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=expanded_path,
            help="Where the run is kept; the same again resumes it. Default: ./runs/…",
        ),
    ] = None,
    only_plan: Annotated[
        bool, typer.Option("--dry-run", help="Say what would run, and how long at most; attack and write nothing.")
    ] = False,
    report: Annotated[bool, typer.Option("--report", help="Headless: progress on stderr, report on stdout.")] = False,
    form: FormatOption = None,
    output: OutputOption = None,
    samples_in_report: SamplesInReportOption = False,
    debug: DebugOption = False,
) -> None:
    """Attack a dense model and its pruned versions, and browse which samples flip.

    Repeat the command to resume it, or to look at a finished run again.
    """
    with _errors(debug), _stop_on_sigterm():
        from thinice_tui.protocol.durations import parse_duration
        from thinice_tui.protocol.ensembles import build_ensemble
        from thinice_tui.protocol.request import DataOptions, ModelOptions, Request
        from thinice_tui.protocol.settings import Settings
        from thinice_tui.report.output import plan_output
        from thinice_tui.runfile.problems import check_place

        own_files = [dense, *(pruned or ()), control, indices, class_map, run]
        targets = plan_output(form, output or (), samples_in_report, own_files)
        if run is not None:
            check_place(run)
        settings = Settings.build(norm, eps, attack, seed, batch_size, keep_images, precision, distances)
        build_ensemble(attack, classes=10)  # whether there is one of that name, before anything is read
        request = Request(
            dense=dense,
            pruned=tuple(pruned or ()),
            control=control,
            data=data,
            samples=samples,
            arch=arch,
            normalize=normalize,
            device=device,
            settings=settings,
            run=run,
            folder=Path.cwd(),
            time_limit=None if time_limit is None else parse_duration(time_limit),
            data_options=DataOptions(classes, indices, shuffle, class_map, resize, crop),
            model_options=ModelOptions(keep, trust_pickle),
        )
        if only_plan:
            if output or samples_in_report:
                raise UsageError(
                    "--dry-run writes no file, -o and --samples-in-report are for reports", "leave them out"
                )
            from thinice_tui.commands.headless import dry_run

            dry_run(request, as_json=targets[0].form == "json")
            return
        if not report:
            if form or output or samples_in_report:
                raise UsageError("--format, -o and --samples-in-report are for reports", "add --report")
            _need_terminal("add --report for a run without an interface")

            gc.disable()  # importing makes no garbage; the interface enables it
            from thinice_tui.tui.app import compare_in_app

            raise typer.Exit(compare_in_app(request))
        from thinice_tui.commands.headless import compare_headless

        compare_headless(request, targets, samples_in_report)


@app.command("open")
def open_command(
    run: RunArgument,
    debug: DebugOption = False,
) -> None:
    """Browse a run, finished or still going, without torch."""
    with _errors(debug):
        from thinice_tui.runfile.reader import check_run_file

        check_run_file(run)
        _need_terminal(f"for text: thinice-tui report {run}")

        gc.disable()  # importing makes no garbage; the interface enables it
        from thinice_tui.tui.app import open_in_app

        raise typer.Exit(open_in_app(run))


@app.command(hidden=True)
def engine(
    request: Annotated[str, typer.Argument(help="A request, as JSON.")],
    announce: Annotated[int | None, typer.Option(help="The descriptor on which to name the run file.")] = None,
    debug: DebugOption = False,
) -> None:
    """Compute a run for a view that watches its file: what `compare` starts in the background."""
    with _errors(debug), _stop_on_sigterm():
        from thinice_tui.engine.process.environment import prepare_process

        prepare_process()
        from thinice_tui.engine.process.start import Announcer, run_engine
        from thinice_tui.protocol.request import Request

        try:
            stored = json.loads(request)
        except (ValueError, RecursionError) as error:
            raise UsageError("the request is not JSON", "`thinice-tui compare` makes one") from error
        run_engine(Request.from_dict(stored), Announcer(announce))


@app.command("report")
def report_command(
    run: RunArgument,
    form: FormatOption = None,
    output: OutputOption = None,
    samples_in_report: SamplesInReportOption = False,
    debug: DebugOption = False,
) -> None:
    """Print the report of a run, without torch."""
    with _errors(debug):
        from thinice_tui.report.output import plan_output, write_report

        write_report(run, plan_output(form, output or (), samples_in_report, [run]), samples_in_report)


@app.command()
def inspect(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", parser=expanded_path, help="Checkpoints.")],
    arch: ArchOption = "auto",
    normalize: NormalizeOption = "auto",
    keep: KeepOption = None,
    trust_pickle: TrustOption = False,
    form: FormatOption = None,
    debug: DebugOption = False,
) -> None:
    """What is in a model file: form, architecture, sparsity, layers; whether those after the first are it, pruned."""
    with _errors(debug):
        from thinice_tui.report.output import check_format

        chosen = check_format(form)
        from thinice_tui.engine.inspection import inspect_models
        from thinice_tui.protocol.request import ModelOptions
        from thinice_tui.report.inspection import print_inspections

        with own_stdout() as stdout:
            found = inspect_models(models, arch, normalize, ModelOptions(keep, trust_pickle))
            print_inspections(found, chosen, stdout)


@app.command()
def info() -> None:
    """Versions and devices, for a bug report."""
    from thinice_tui.engine.inspection import environment

    for name, value in environment():
        print(f"{name}: {value}")


def entry() -> None:
    """The console script. Typer's own usage errors exit with 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our characters shows ?, and goes on
    try:
        app()
    except SystemExit as end:
        if (lost := _unwritten()) is not None and not end.code:
            _stdout_lost(lost)
        raise
    except OSError as error:
        if error.filename is not None or error.errno not in FULL:
            raise
        _unwritten()
        _stdout_lost(error)


def _stdout_lost(error: OSError) -> NoReturn:
    _tell(ThiniceError(f"stdout cannot be written ({error.strerror})", "make space there, or send it elsewhere"))
    raise SystemExit(EXIT_ERROR) from None


def _unwritten() -> OSError | None:
    """Write out what is left for stdout, and say why that cannot be: left to Python's end, it would be no error."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None
    except OSError as error:
        sys.stdout = None  # else it is tried once more at the end
        return error
    return None


@contextmanager
def _errors(debug: bool) -> Iterator[None]:
    """Turn errors meant for the user into one message on stderr and an exit code."""
    try:
        yield
    except ThiniceError as error:
        if debug:
            raise
        _fail(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read stdout is gone (`| head`): nothing to say, and nowhere to say it.
        sys.stdout = None
        raise typer.Exit(0) from None


def _need_terminal(otherwise: str) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):  # textual draws on stderr
        raise UsageError("there is no terminal to draw on", otherwise)


def _fail(error: ThiniceError) -> NoReturn:
    _tell(error)
    raise typer.Exit(error.exit_code) from None


def _tell(error: ThiniceError) -> None:
    from rich.console import Console

    console = Console(stderr=True, emoji=False)
    interrupted = isinstance(error, Interrupted)
    console.print(
        printable(error.what if interrupted else f"error: {error.what}"),
        style="" if interrupted else "bold red",
        markup=False,
        highlight=False,
    )
    if error.do:
        console.print(printable(error.do), markup=False, highlight=False)


@contextmanager
def _stop_on_sigterm() -> Iterator[None]:
    """SIGTERM stops like Ctrl-C: what was computed is kept, and said to be."""

    def stop(_: int, __: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    entry()
