"""`thinice-tui export`: weights for the next pruning round, from margins or a run."""

from pathlib import Path
from typing import Annotated

import typer

from thinice_tui.commands.failures import print_warning, shown_errors
from thinice_tui.commands.help import examples
from thinice_tui.commands.options import DebugOption, expanded_path

EXPORT_EXAMPLES = examples(
    "thinice-tui export margins.npz --thin-ice weights.npz",
    "thinice-tui export runs/train.thinice --thin-ice weights.csv --formula flips",
)


def export(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="MARGINS|RUN", parser=expanded_path, help="A file that `margins` wrote, or a finished run file."
        ),
    ],
    thin_ice: Annotated[
        Path,
        typer.Option(
            "--thin-ice",
            metavar="FILE",
            parser=expanded_path,
            help="Write a weight for each sample to NAME.npz or NAME.csv, by its index in the original data.",
        ),
    ],
    formula: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="How thin the ice is: rank (of the margin's size), threshold (a soft one), or flips (of a run's "
            "pruned models).",
        ),
    ] = "rank",
    margin: Annotated[
        str, typer.Option(metavar="NAME", help="The margin that rank and threshold use: clean or attacked.")
    ] = "clean",
    strength: Annotated[
        float,
        typer.Option(
            metavar="S",
            help="From -1 to 1: above 0 raises samples on thin ice, below 0 lowers them. Weights are from 1 - S to "
            "1 + S, then divided by their mean.",
        ),
    ] = 0.5,
    share: Annotated[
        float, typer.Option(metavar="X", help="Of threshold: the share of samples that count as thin ice.")
    ] = 0.2,
    softness: Annotated[
        float,
        typer.Option(metavar="X", help="Of threshold: the width of the step, in medians of the margin's size."),
    ] = 0.25,
    debug: DebugOption = False,
) -> None:
    """Write one importance for each sample, of mean 1, for a training that looks at thin ice.

    The margins have to be those of training images. Test images are warned about.
    """
    with shown_errors(debug):
        from thinice_tui.analysis.thin_ice_weights import WeightOptions
        from thinice_tui.report.array_file import check_array_path
        from thinice_tui.report.thin_ice_export import weights_from_file, write_weights

        options = WeightOptions.build(formula, margin, strength, share, softness)
        check_array_path("--thin-ice", thin_ice, [source])
        found = weights_from_file(source, options)
        if found.warning:
            print_warning(found.warning)
        write_weights(thin_ice, found)
