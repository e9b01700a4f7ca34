"""`thinice-tui compare`: attack a dense model and its pruned versions, in the interface or headless."""

import gc
from pathlib import Path
from typing import Annotated

import typer

from thinice_tui.commands.failures import need_terminal, shown_errors, sigterm_interrupts
from thinice_tui.commands.help import examples
from thinice_tui.commands.options import (
    ATTACK,
    MODELS,
    REPORT,
    RUN,
    ArchOption,
    ClaimOption,
    DebugOption,
    FailIfOption,
    FormatOption,
    FullOption,
    KeepOption,
    KeyOption,
    NormalizeOption,
    OutputOption,
    SamplesInReportOption,
    TrustOption,
    expanded_path,
    refuse_without_report,
)
from thinice_tui.commands.run_options import (
    BatchSizeOption,
    ClassesOption,
    ClassMapOption,
    CropOption,
    DataOption,
    DeviceOption,
    DevicesOption,
    EpsOption,
    IndicesOption,
    NormOption,
    PrecisionOption,
    RayOption,
    ResizeOption,
    RunOption,
    SamplesOption,
    SeedOption,
    ShuffleOption,
    TimeLimitOption,
    WorkersOption,
)
from thinice_tui.errors import UsageError

COMPARE_EXAMPLES = examples(
    "thinice-tui compare dense.pt pruned.pt --attack quick",
    "thinice-tui compare dense.pt pruned.pt --data test.npz --report -o run.json",
)


def compare(
    dense: Annotated[
        Path, typer.Argument(metavar="DENSE", parser=expanded_path, help="The model file before pruning.")
    ],
    pruned: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PRUNED]...",
            parser=expanded_path,
            help="Its pruned versions. None: attack the dense model alone.",
        ),
    ] = None,
    control: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=expanded_path,
            rich_help_panel=MODELS,
            help="The dense model retrained without pruning. It shows which samples flip without pruning.",
        ),
    ] = None,
    arch: ArchOption = ["auto"],  # noqa: B006  (Typer reads it, and nothing changes it)
    normalize: NormalizeOption = ["auto"],  # noqa: B006
    keep: KeepOption = None,
    key: KeyOption = None,
    trust_pickle: TrustOption = None,
    data: DataOption = None,
    samples: SamplesOption = None,
    classes: ClassesOption = None,
    indices: IndicesOption = None,
    shuffle: ShuffleOption = None,
    class_map: ClassMapOption = None,
    resize: ResizeOption = None,
    crop: CropOption = None,
    norm: NormOption = "Linf",
    eps: EpsOption = None,
    attack: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=ATTACK,
            help="The ensemble of attacks: quick, fast, standard (AutoAttack, the default), plus (the paper's) or "
            "pgd-K.",
        ),
    ] = None,
    stages: Annotated[
        str | None,
        typer.Option(
            metavar="KIND[:NAME=N…],…",
            rich_help_panel=ATTACK,
            help="Attacks one by one in place of an ensemble, as apgd-ce,square:queries=1000. KIND is an attack or "
            "pgd-K, NAME steps, queries, restarts or targets. The report says that they are not standard.",
        ),
    ] = None,
    audit: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            rich_help_panel=ATTACK,
            help="With --attack fast: how many standing samples also go through FAB-T and Square, or all. "
            "Default: one in 8, and at least 16.",
        ),
    ] = None,
    no_escalate: Annotated[
        bool,
        typer.Option(
            "--no-escalate",
            rich_help_panel=ATTACK,
            help="With --attack fast: do not attack all others where the audit breaks a sample.",
        ),
    ] = False,
    seed: SeedOption = 0,
    precision: PrecisionOption = "fp32",
    distances: Annotated[
        bool,
        typer.Option(
            "--distances",
            rich_help_panel=ATTACK,
            help="Measure each sample's distance to the decision boundary as well.",
        ),
    ] = False,
    run: RunOption = None,
    device: DeviceOption = "auto",
    devices: DevicesOption = None,
    workers: WorkersOption = None,
    ray: RayOption = None,
    batch_size: BatchSizeOption = "auto",
    time_limit: TimeLimitOption = None,
    keep_images: Annotated[
        str,
        typer.Option(
            metavar="WHICH", rich_help_panel=RUN, help="Adversarial images that the run file keeps: flips, all or none."
        ),
    ] = "flips",
    only_plan: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            rich_help_panel=RUN,
            help="Check the files and print what would run and how long it takes at most. Attack and write nothing.",
        ),
    ] = False,
    report: Annotated[
        bool,
        typer.Option(
            "--report",
            rich_help_panel=REPORT,
            help="Run without the interface: progress goes to stderr, the report to stdout.",
        ),
    ] = False,
    form: FormatOption = None,
    output: OutputOption = None,
    full: FullOption = False,
    samples_in_report: SamplesInReportOption = False,
    claim: ClaimOption = None,
    fail_if: FailIfOption = None,
    debug: DebugOption = False,
) -> None:
    """Attack a dense model and its pruned versions, and browse which samples flip.

    Repeat the command to resume an interrupted run or to look at a finished one.
    """
    with shown_errors(debug), sigterm_interrupts():
        from thinice_tui.analysis.gate import check_gates, parse_gates
        from thinice_tui.protocol.claims import claims_of, parse_claims
        from thinice_tui.protocol.data_options import DataOptions
        from thinice_tui.protocol.durations import parse_duration
        from thinice_tui.protocol.ensembles import DEFAULT
        from thinice_tui.protocol.model_options import ModelOptions
        from thinice_tui.protocol.phases import build_phases, choose_attack
        from thinice_tui.protocol.request import Request
        from thinice_tui.protocol.settings import Settings
        from thinice_tui.protocol.worker_options import WorkerOptions
        from thinice_tui.report.output import plan_output
        from thinice_tui.report.report_options import ReportOptions
        from thinice_tui.runfile.write_errors import check_run_path

        for_reports = {
            **{"--format": form, "-o": output, "--full": full},
            **{"--samples-in-report": samples_in_report, "--claim": claim, "--fail-if": fail_if},
        }
        if only_plan:
            if form not in (None, "text", "json"):
                raise UsageError(f"--dry-run prints its plan as text or json, --format is {form!r}")
            refuse_without_report(for_reports | {"--format": None}, "--dry-run writes no report: leave it out")
        elif not report:
            refuse_without_report(for_reports, "add --report")
        options = ReportOptions(samples_in_report, full, parse_claims(claim or ()), parse_gates(fail_if or ()))
        own_files = [dense, *(pruned or ()), control, indices, class_map, run]
        targets = plan_output(form, output or (), options, own_files)
        if run is not None:
            check_run_path(run)
        ensemble, listed = choose_attack(attack, DEFAULT, stages, audit, not no_escalate)
        settings = Settings.build(
            norm, eps, ensemble, seed, batch_size, keep_images, precision, distances, audit, not no_escalate, listed
        )
        build_phases(settings, classes=10)  # raises for an unknown name before anything is read
        request = Request(
            dense=dense,
            pruned=tuple(pruned or ()),
            control=control,
            data=data,
            samples=samples,
            device=device,
            settings=settings,
            run=run,
            folder=Path.cwd(),
            time_limit=None if time_limit is None else parse_duration(time_limit),
            data_options=DataOptions(classes, indices, shuffle, class_map, resize, crop),
            model_options=ModelOptions.given(arch, normalize, keep, key, trust_pickle),
            worker_options=WorkerOptions.build(devices, workers, ray, device),
        )
        request.model_options.for_files(request.files())  # raises for an unknown role before anything is read
        roles = {file.name: file.role for file in request.files()}
        check_gates(options.gates, roles, [one.model for one in claims_of(options.claims, roles)])
        if only_plan:
            from thinice_tui.commands.headless import dry_run

            dry_run(request, as_json=targets[0].form == "json")
            return
        if not report:
            need_terminal("add --report for a run without an interface")

            gc.disable()  # imports make no garbage: 0.64 s of processor time until the first rows in place of 0.70
            from thinice_tui.tui.app import compare_in_app

            raise typer.Exit(compare_in_app(request))
        from thinice_tui.commands.headless import compare_headless

        compare_headless(request, targets, options)
