"""Options of the commands that compute on images: which data, under which threat model, where, and for how long."""

from pathlib import Path
from typing import Annotated

import typer

from thinice_tui.commands.options import ATTACK, DATA, RUN, expanded_path

DataOption = Annotated[
    str | None,
    typer.Option(
        metavar="SPEC",
        rich_help_panel=DATA,
        help="The images: cifar10:DIR, folder:DIR, FILE.npz, … Default: what the dense model file names.",
    ),
]
SamplesOption = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", rich_help_panel=DATA, help="Take the first N selected samples. Default: all."),
]
ClassesOption = Annotated[
    str | None,
    typer.Option(metavar="NAME,…", rich_help_panel=DATA, help="Select only these classes, by name or label number."),
]
IndicesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        parser=expanded_path,
        rich_help_panel=DATA,
        help="Select only the samples with the indices that this file lists (text, CSV, JSON or .npy).",
    ),
]
ShuffleOption = Annotated[
    int | None,
    typer.Option(
        metavar="SEED",
        rich_help_panel=DATA,
        help="Put the samples in the random order of this seed, so that --samples takes a random subset.",
    ),
]
ClassMapOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        parser=expanded_path,
        rich_help_panel=DATA,
        help="For folder:DIR, the label number of each folder name, as JSON or CSV.",
    ),
]
ResizeOption = Annotated[
    int | None,
    typer.Option(metavar="N", rich_help_panel=DATA, help="Resize image files so that the shorter side has N pixels."),
]
CropOption = Annotated[
    int | None,
    typer.Option(metavar="N", rich_help_panel=DATA, help="Cut the central N × N pixels out of image files."),
]
NormOption = Annotated[
    str,
    typer.Option(metavar="NORM", rich_help_panel=ATTACK, help="The norm that bounds the attacks: Linf, L2 or L1."),
]
EpsOption = Annotated[
    str | None,
    typer.Option(
        metavar="EPS",
        rich_help_panel=ATTACK,
        help="The largest perturbation, as 8/255 or 0.5. Default: 8/255 for Linf, 0.5 for L2, 12 for L1.",
    ),
]
SeedOption = Annotated[
    int, typer.Option(metavar="N", rich_help_panel=ATTACK, help="Seed of the attacks' random starts.")
]
PrecisionOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        rich_help_panel=ATTACK,
        help="Number format of gradient attacks: fp32, tf32 (NVIDIA GPUs from Ampere on) or bf16. Verdicts are "
        "always in full precision.",
    ),
]
RunOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        parser=expanded_path,
        rich_help_panel=RUN,
        help="The run file. The same command resumes it. Default: a file in ./runs.",
    ),
]
DeviceOption = Annotated[
    str, typer.Option(metavar="NAME", rich_help_panel=RUN, help="Where to compute: auto, cpu, cuda:0, …")
]
DevicesOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME,…",
        rich_help_panel=RUN,
        help="Compute on several devices at once, a worker for each: all (GPUs), or cuda:0,cuda:1. Needs Ray.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", rich_help_panel=RUN, help="Compute in N processes on CPUs. Needs Ray."),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        rich_help_panel=RUN,
        help="Compute on a running Ray cluster, a worker for each of its GPUs, or --workers N on CPUs. Whoever is on "
        "that cluster can run code as you.",
    ),
]
BatchSizeOption = Annotated[
    str,
    typer.Option(
        metavar="N",
        rich_help_panel=RUN,
        help="Samples in a batch, or auto. A stop loses at most one batch. It changes no outcome.",
    ),
]
TimeLimitOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        rich_help_panel=RUN,
        help="Stop after this time, when a batch is complete: 90s, 30m, 1h30m.",
    ),
]
