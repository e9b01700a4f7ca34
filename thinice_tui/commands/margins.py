"""`thinice-tui margins`: a model's margin on every sample of a data set, for the next pruning round."""

from pathlib import Path
from typing import Annotated

import typer

from thinice_tui.commands.failures import shown_errors, sigterm_interrupts
from thinice_tui.commands.help import examples
from thinice_tui.commands.options import (
    ATTACK,
    ArchOption,
    DebugOption,
    KeepOption,
    KeyOption,
    NormalizeOption,
    TrustOption,
    expanded_path,
)
from thinice_tui.commands.run_options import (
    BatchSizeOption,
    ClassesOption,
    ClassMapOption,
    CropOption,
    DataOption,
    DeviceOption,
    EpsOption,
    IndicesOption,
    NormOption,
    PrecisionOption,
    ResizeOption,
    RunOption,
    SamplesOption,
    SeedOption,
    ShuffleOption,
    TimeLimitOption,
)
from thinice_tui.errors import UsageError

MARGINS_EXAMPLES = examples(
    "thinice-tui margins dense.pt --data train.npz -o margins.npz",
    "thinice-tui margins dense.pt --data train.npz --attack pgd-10 -o margins.csv",
)


def margins(
    dense: Annotated[
        Path, typer.Argument(metavar="DENSE", parser=expanded_path, help="The model file before pruning.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            parser=expanded_path,
            help="Write the margins to NAME.npz or NAME.csv, a row a sample with its index in the original data.",
        ),
    ],
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
    attack: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=ATTACK,
            help="Also measure margins under this attack: pgd-K, quick, fast, standard or plus. Default: none, one "
            "forward pass. The options of this panel are for it.",
        ),
    ] = None,
    norm: NormOption = "Linf",
    eps: EpsOption = None,
    seed: SeedOption = 0,
    precision: PrecisionOption = "fp32",
    run: RunOption = None,
    device: DeviceOption = "auto",
    batch_size: BatchSizeOption = "auto",
    time_limit: TimeLimitOption = None,
    debug: DebugOption = False,
) -> None:
    """Measure a model's margin on every sample of a data set, on clean images and, if asked, under attack.

    Repeat the command to go on where it was interrupted. Weights for a training come from it by `export`.
    """
    with shown_errors(debug), sigterm_interrupts():
        from thinice_tui.protocol.data_options import DataOptions
        from thinice_tui.protocol.durations import parse_duration
        from thinice_tui.protocol.model_options import ModelOptions
        from thinice_tui.protocol.phases import build_phases
        from thinice_tui.protocol.request import Request
        from thinice_tui.protocol.settings import Settings
        from thinice_tui.report.array_file import check_array_path
        from thinice_tui.runfile.write_errors import check_run_path

        of_attack = {"--norm": norm != "Linf", "--eps": eps, "--seed": seed, "--run": run}
        of_attack |= {"--precision": precision != "fp32"}
        if attack is None and (given := [name for name, value in of_attack.items() if value]):
            raise UsageError(f"{', '.join(given)}: nothing is attacked", "add --attack pgd-10, or leave it out")
        if run is not None:
            check_run_path(run)
        settings = Settings.build(norm, eps, attack or "pgd-1", seed, batch_size, "none", precision)
        build_phases(settings, classes=10)  # raises for an unknown name before anything is read
        request = Request(
            dense=dense,
            pruned=(),
            control=None,
            data=data,
            samples=samples,
            device=device,
            settings=settings,
            run=run,
            folder=Path.cwd(),
            time_limit=None if time_limit is None else parse_duration(time_limit),
            data_options=DataOptions(classes, indices, shuffle, class_map, resize, crop),
            model_options=ModelOptions.given(arch, normalize, keep, key, trust_pickle),
        )
        request.model_options.for_files(request.files())  # raises for an unknown role before anything is read
        check_array_path(
            "-o", output, [dense, indices, class_map, run, None if data is None else Path(data.partition("#")[0])]
        )
        from thinice_tui.commands.measure import attacked_margins, clean_margins

        if attack is None:
            clean_margins(request, output)
        else:
            attacked_margins(request, output)
