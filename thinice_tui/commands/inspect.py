"""`thinice-tui inspect`: what is in model files."""

from pathlib import Path
from typing import Annotated

import typer

from thinice_tui.commands.failures import shown_errors
from thinice_tui.commands.help import examples
from thinice_tui.commands.options import (
    ArchOption,
    DebugOption,
    KeepOption,
    KeyOption,
    NormalizeOption,
    TrustOption,
    expanded_path,
)
from thinice_tui.safe_io.own_stdout import own_stdout

INSPECT_EXAMPLES = examples(
    "thinice-tui inspect dense.pt pruned.pt",
    "thinice-tui inspect pruned.pt --format json",
)


def inspect(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", parser=expanded_path, help="Model files.")],
    arch: ArchOption = ["auto"],  # noqa: B006  (Typer reads it, and nothing changes it)
    normalize: NormalizeOption = ["auto"],  # noqa: B006
    keep: KeepOption = None,
    key: KeyOption = None,
    trust_pickle: TrustOption = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="The output's format: text (default), md or json.")
    ] = None,
    debug: DebugOption = False,
) -> None:
    """Show what is in model files: format, architecture, sparsity, layers.

    Each file after the first is compared with the first one: is it that model, pruned?
    """
    with shown_errors(debug):
        from thinice_tui.report.formats import check_format
        from thinice_tui.report.inspection import FORMATS, print_inspections

        chosen = check_format(form, FORMATS)
        from thinice_tui.engine.inspection import inspect_models
        from thinice_tui.protocol.model_options import ModelOptions

        options = ModelOptions.given(arch, normalize, keep, key, trust_pickle)
        with own_stdout() as stdout:
            found = inspect_models(models, options)
            print_inspections(found, chosen, stdout)
