"""`thinice-tui inspect`: what is in model files."""

from pathlib import Path
from typing import Annotated

import typer

from thinice_tui.commands.failures import errors_shown
from thinice_tui.commands.options import (
    ArchOption,
    DebugOption,
    FormatOption,
    KeepOption,
    NormalizeOption,
    TrustOption,
    expanded_path,
)
from thinice_tui.safe_io.own_stdout import own_stdout


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
    with errors_shown(debug):
        from thinice_tui.report.output import check_format

        chosen = check_format(form)
        from thinice_tui.engine.inspection import inspect_models
        from thinice_tui.protocol.request import ModelOptions
        from thinice_tui.report.inspection import print_inspections

        with own_stdout() as stdout:
            found = inspect_models(models, arch, normalize, ModelOptions(keep, trust_pickle))
            print_inspections(found, chosen, stdout)
