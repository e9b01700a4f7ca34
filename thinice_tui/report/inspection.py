"""The output of `thinice-tui inspect`: one JSON list, or a text a model."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from thinice_tui.report.inspected_model import UNDECIDED, DenseComparison, FileFacts, InspectedModel
from thinice_tui.runfile.records import Layer, ModelRecord
from thinice_tui.safe_io.printable import printable

LONGEST = 300
"""Characters of a value in a text; JSON holds all."""
BAR = 10
"""Cells of a layer's bar of zeros."""
MOSTLY = 0.5
"""With fewer weights unchanged, their similarity does not say where they are from."""
SAME_START = "weights that were trained apart from one initialisation look like this, too"
NOT_IN_JSON = ("role", "name", "sha256")
"""Fields of a record that say nothing of a single file, or stand among its facts."""


def print_inspections(inspections: Iterable[InspectedModel], form: str, stdout: TextIO) -> None:
    """Write them to `stdout`: one after the other as text, or as one JSON list."""
    if form == "json":
        json.dump([_as_json(one) for one in inspections], stdout, indent=2, default=str)
        stdout.write("\n")
        return
    console = Console(file=stdout)
    for one in inspections:
        with console.capture() as captured:  # rich itself would end the program on a closed pipe
            console.print(render_inspection(one), highlight=False)
        stdout.write(captured.get())
        stdout.flush()


def render_inspection(one: InspectedModel) -> RenderableType:
    """One model: its facts, three sparsities, a row a layer with a bar of its zeros, and the comparison."""
    parts: list[RenderableType] = [Text(printable(one.record.path), style="bold"), _head(one), _layers(one.record)]
    if one.comparison is not None:
        parts.append(_grid(_compared(one.comparison)))
    return Group(*parts)


def _as_json(one: InspectedModel) -> dict[str, object]:
    record = {name: value for name, value in asdict(one.record).items() if name not in NOT_IN_JSON}
    compared: dict[str, object] = {}
    if one.comparison is not None:
        compared = {"comparison": {**_compared(one.comparison), "kinship": dict(one.comparison.similarity)}}
    return _facts(one.facts) | record | compared


def _facts(facts: FileFacts) -> dict[str, object]:
    """The facts under the names that text and JSON share; lists that are empty are left out."""
    metadata = {"arch in the file" if key == "arch" else key: value for key, value in facts.metadata.items()}
    return {
        "bytes": facts.size,
        "form": facts.form,
        "weights under": facts.container,
        "sha256": facts.sha256,
        **({"folded": list(facts.folded)} if facts.folded else {}),
        **({"notes": list(facts.notes)} if facts.notes else {}),
        "classes": facts.classes,
        "input channels": facts.input_channels,
        "normalisation from": facts.normalization_source,
        **({"possible architectures": list(facts.architectures)} if facts.architectures else {}),
        **metadata,
        **({"--keep": "; ".join(facts.warnings)} if facts.warnings else {}),
    }


def _compared(comparison: DenseComparison) -> dict[str, object]:
    """The comparison in words, under the names that text and JSON share."""
    return {
        "compared with": comparison.dense,
        "a pruned version of it?": comparison.doubt or _without_doubt(comparison),
        "weights related": {True: "yes", False: "no", None: "cannot be told"}[comparison.related],
        "weights": comparison.summary,
        "parameters removed": f"{100 * comparison.removed:.2f} % of {comparison.dense_parameters:,}",
    }


def _without_doubt(comparison: DenseComparison) -> str:
    if not comparison.related:
        return "too little in common to tell"
    unchanged = comparison.similarity.get("identical")
    if isinstance(unchanged, float) and unchanged < MOSTLY:
        return f"nothing speaks against it ({SAME_START})"
    return "nothing speaks against it"


def _head(one: InspectedModel) -> Table:
    record = one.record
    normalization = record.normalization
    if one.facts.normalization_source == UNDECIDED:
        normalization = "undecided: the file does not say; compare tries the known ones on its data"
    architecture = record.arch
    if one.facts.architectures:
        architecture = f"undecided: {record.arch}, or another of the possible ones; compare decides by clean accuracy"
    grid = _grid(
        _facts(one.facts)
        | {
            "architecture": architecture,
            "normalisation": normalization,
            "parameters": f"{record.parameters:,}",
            "sparsity": f"{100 * record.sparsity_conv_linear:.2f} % of Conv and Linear weights are zero",
        }
    )
    for text in (
        f"{100 * record.sparsity_mean_per_layer:.2f} % as the mean of the layers",
        f"{100 * record.sparsity_all_parameters:.2f} % of all parameters",
    ):
        grid.add_row("", text)
    return grid


def _layers(record: ModelRecord) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("layer", overflow="fold")
    table.add_column("kind")
    for name in ("shape", "zeros", "sparsity"):
        table.add_column(name, justify="right")
    table.add_column("", no_wrap=True)
    for layer in record.layers:
        table.add_row(*_cells(layer))
    return table


def _cells(layer: Layer) -> tuple[Text, ...]:
    return (
        Text(printable(layer.name)),
        Text(layer.kind),
        Text("×".join(map(str, layer.shape))),
        Text(f"{layer.zeros:,}"),
        Text(f"{100 * layer.sparsity:.1f} %"),
        Text("█" * round(BAR * layer.sparsity)),
    )


def _grid(rows: dict[str, object]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        grid.add_row(Text(printable(name), style="dim"), Text(printable(_short(value))))
    return grid


def _short(value: object) -> str:
    if isinstance(value, dict):
        text = ", ".join(f"{key} {item}" for key, item in value.items())
    else:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
