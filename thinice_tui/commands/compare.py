"""`thinice-tui compare`: attack a dense model and its pruned versions, in the interface or headless."""

import gc
from pathlib import Path
from typing import Annotated

import typer

from thinice_tui.commands.failures import errors_shown, need_terminal, stopped_by_sigterm
from thinice_tui.commands.options import (
    ArchOption,
    DebugOption,
    FormatOption,
    KeepOption,
    NormalizeOption,
    OutputOption,
    SamplesInReportOption,
    TrustOption,
    expanded_path,
)
from thinice_tui.errors import UsageError


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
    with errors_shown(debug), stopped_by_sigterm():
        from thinice_tui.protocol.durations import parse_duration
        from thinice_tui.protocol.ensembles import build_ensemble
        from thinice_tui.protocol.request import DataOptions, ModelOptions, Request
        from thinice_tui.protocol.settings import Settings
        from thinice_tui.report.output import plan_output
        from thinice_tui.runfile.write_errors import check_run_path

        own_files = [dense, *(pruned or ()), control, indices, class_map, run]
        targets = plan_output(form, output or (), samples_in_report, own_files)
        if run is not None:
            check_run_path(run)
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
            need_terminal("add --report for a run without an interface")

            gc.disable()  # importing makes no garbage; the interface enables it
            from thinice_tui.tui.app import compare_in_app

            raise typer.Exit(compare_in_app(request))
        from thinice_tui.commands.headless import compare_headless

        compare_headless(request, targets, samples_in_report)
