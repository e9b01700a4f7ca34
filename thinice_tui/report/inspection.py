"""What `thinice-tui inspect` says of a checkpoint, as text."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from thinice_tui.printable import printable
from thinice_tui.runfile.records import LayerRecord, ModelRecord

LONGEST = 300


class Inspected(Protocol):
    """A model's record, and what its file says of itself, as (name, value)."""

    @property
    def record(self) -> ModelRecord: ...

    @property
    def facts(self) -> tuple[tuple[str, object], ...]: ...


def print_inspections(inspections: Iterable[Inspected], form: str) -> None:
    """To stdout, one after the other as text, or as one JSON list."""
    if form == "json":
        found = [_document(one.record, one.facts) for one in inspections]
        json.dump(found, sys.stdout, indent=2, default=str)
        print()
        return
    console = Console()
    for one in inspections:
        console.print(render_inspection(one.record, one.facts), highlight=False)


def _document(record: ModelRecord, facts: Sequence[tuple[str, object]]) -> dict[str, object]:
    fields = asdict(record)
    for name in ("role", "name", "sha256"):
        fields.pop(name)
    return dict(facts) | fields


def render_inspection(record: ModelRecord, facts: Sequence[tuple[str, object]]) -> RenderableType:
    """One model: `facts` as (name, value), the three sparsities, and a row a layer."""
    head = Table.grid(padding=(0, 2))
    for name, value in (
        *((name, _short(value)) for name, value in facts),
        ("architecture", record.arch),
        ("normalisation", record.normalization),
        ("parameters", f"{record.parameters:,}"),
        ("sparsity", f"{100 * record.sparsity_conv_linear:.2f} % of Conv and Linear weights are zero"),
        ("", f"{100 * record.sparsity_mean_per_layer:.2f} % as the mean of the layers"),
        ("", f"{100 * record.sparsity_all_parameters:.2f} % of all parameters"),
    ):
        head.add_row(Text(printable(name), style="dim"), Text(printable(value)))
    layers = Table()
    layers.add_column("layer")
    layers.add_column("kind")
    for name in ("shape", "weights", "zeros", "sparsity"):
        layers.add_column(name, justify="right")
    for layer in record.layers:
        layers.add_row(*_cells(layer))
    return Group(Text(printable(record.path), style="bold"), head, layers)


def _short(value: object) -> str:
    if isinstance(value, dict):
        text = ", ".join(f"{key} {item}" for key, item in value.items())
    else:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _cells(layer: LayerRecord) -> tuple[Text, ...]:
    sparsity = 100 * layer.zeros / layer.weights if layer.weights else 0.0
    return (
        Text(printable(layer.name)),
        Text(layer.kind),
        Text("×".join(map(str, layer.shape))),
        Text(f"{layer.weights:,}"),
        Text(f"{layer.zeros:,}"),
        Text(f"{sparsity:.1f} %"),
    )
