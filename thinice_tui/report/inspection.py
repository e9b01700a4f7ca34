"""What `thinice-tui inspect` says of a checkpoint, as text."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Protocol, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from thinice_tui.runfile.records import Layer, ModelRecord
from thinice_tui.safe_io.printable import printable

LONGEST = 300
BAR = 10
"""Cells of a layer's bar of zeros."""


class Inspected(Protocol):
    """A model's record, what its file says of itself, and how it is to the first one, as (name, value)."""

    @property
    def record(self) -> ModelRecord: ...

    @property
    def facts(self) -> tuple[tuple[str, object], ...]: ...

    @property
    def comparison(self) -> tuple[tuple[str, object], ...]: ...


def print_inspections(inspections: Iterable[Inspected], form: str, stdout: TextIO) -> None:
    """To `stdout`, one after the other as text, or as one JSON list."""
    if form == "json":
        found = [_document(one) for one in inspections]
        json.dump(found, stdout, indent=2, default=str)
        stdout.write("\n")
        return
    console = Console(file=stdout)
    for one in inspections:
        with console.capture() as captured:  # rich itself would end the program on a closed pipe
            console.print(render_inspection(one), highlight=False)
        stdout.write(captured.get())
        stdout.flush()


def _document(one: Inspected) -> dict[str, object]:
    fields = asdict(one.record)
    for name in ("role", "name", "sha256"):
        fields.pop(name)
    compared = {"comparison": dict(one.comparison)} if one.comparison else {}
    return dict(one.facts) | fields | compared


def render_inspection(one: Inspected) -> RenderableType:
    """One model: its facts, the three sparsities, a row a layer with a bar of its zeros, and the comparison."""
    record = one.record
    head = Table.grid(padding=(0, 2))
    undecided = ("normalisation from", "undecided") in one.facts
    for name, value in (
        *((name, _short(value)) for name, value in one.facts),
        ("architecture", record.arch),
        (
            "normalisation",
            "undecided: the file does not say; compare tries the known ones on its data"
            if undecided
            else record.normalization,
        ),
        ("parameters", f"{record.parameters:,}"),
        ("sparsity", f"{100 * record.sparsity_conv_linear:.2f} % of Conv and Linear weights are zero"),
        ("", f"{100 * record.sparsity_mean_per_layer:.2f} % as the mean of the layers"),
        ("", f"{100 * record.sparsity_all_parameters:.2f} % of all parameters"),
    ):
        head.add_row(Text(printable(name), style="dim"), Text(printable(value)))
    layers = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    layers.add_column("layer", overflow="fold")
    layers.add_column("kind")
    for name in ("shape", "zeros", "sparsity"):
        layers.add_column(name, justify="right")
    layers.add_column("", no_wrap=True)
    for layer in record.layers:
        layers.add_row(*_cells(layer))
    parts: list[RenderableType] = [Text(printable(record.path), style="bold"), head, layers]
    if one.comparison:
        kin = Table.grid(padding=(0, 2))
        for name, found in one.comparison:
            if name != "kinship":
                kin.add_row(Text(name, style="dim"), Text(printable(_short(found))))
        parts.append(kin)
    return Group(*parts)


def _short(value: object) -> str:
    if isinstance(value, dict):
        text = ", ".join(f"{key} {item}" for key, item in value.items())
    else:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _cells(layer: Layer) -> tuple[Text, ...]:
    sparsity = 100 * layer.zeros / layer.weights if layer.weights else 0.0
    return (
        Text(printable(layer.name)),
        Text(layer.kind),
        Text("×".join(map(str, layer.shape))),
        Text(f"{layer.zeros:,}"),
        Text(f"{sparsity:.1f} %"),
        Text("█" * round(BAR * sparsity / 100)),
    )
