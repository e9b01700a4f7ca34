"""The output of `thinice-tui inspect`: one JSON list, or a text a model."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TextIO

from rich.console import Console

from thinice_tui.report.document.blocks import Block, Facts, Heading, Table, columns
from thinice_tui.report.inspected_model import UNDECIDED, DenseComparison, FileFacts, InspectedModel
from thinice_tui.report.renderers.markdown import markdown
from thinice_tui.report.renderers.text import render_blocks
from thinice_tui.runfile.records import ModelRecord

FORMATS = ("text", "md", "json")
LONGEST = 300
"""Characters of a value on a terminal."""
BAR = 10
"""Cells of a layer's bar of zeros."""
MOSTLY = 0.5
"""With fewer weights unchanged, their similarity does not say where they are from."""
SAME_START = "weights that were trained apart from one initialisation look like this, too"
NOT_IN_JSON = ("role", "name", "sha256")
"""Fields of a record that say nothing of a single file, or stand among its facts."""


def print_inspections(inspections: Iterable[InspectedModel], form: str, stdout: TextIO) -> None:
    """Write them to `stdout`: one after the other as text or Markdown, or as one JSON list.

    On a terminal a long value is cut, elsewhere nothing is.
    """
    if form == "json":
        json.dump([_as_json(one) for one in inspections], stdout, indent=2, default=str)
        stdout.write("\n")
        return
    console = Console(file=stdout)
    for one in inspections:
        blocks = inspection_blocks(one, LONGEST if stdout.isatty() else None)
        if form == "md":
            stdout.write(markdown(blocks))
        else:
            with console.capture() as captured:  # rich itself would end the program on a closed pipe
                console.print(render_blocks(blocks, console.width), highlight=False)
            stdout.write(captured.get())
        stdout.flush()


def inspection_blocks(one: InspectedModel, longest: int | None = None) -> list[Block]:
    """One model: its facts, three sparsities, a row a layer with a bar of its zeros, and the comparison.

    longest: characters of a value; None: all.
    """
    blocks: list[Block] = [Heading(one.record.path), _listed(_head(one), longest), _layers(one.record)]
    if one.comparison is not None:
        blocks += [Heading("Compared", level=3), _listed(_compared(one.comparison), longest)]
    return blocks


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


def _head(one: InspectedModel) -> dict[str, object]:
    record = one.record
    normalization = record.normalization
    if one.facts.normalization_source == UNDECIDED:
        normalization = "undecided: the file does not say; compare tries the known ones on its data"
    architecture = record.arch
    if one.facts.architectures:
        architecture = f"undecided: {record.arch}, or another of the possible ones; compare decides by clean accuracy"
    return _facts(one.facts) | {
        "architecture": architecture,
        "normalisation": normalization,
        "parameters": f"{record.parameters:,}",
        "sparsity": f"{100 * record.sparsity_conv_linear:.2f} % of Conv and Linear weights are zero",
        "sparsity, mean of layers": f"{100 * record.sparsity_mean_per_layer:.2f} %",
        "sparsity, all parameters": f"{100 * record.sparsity_all_parameters:.2f} %",
    }


def _layers(record: ModelRecord) -> Table:
    return Table(
        "Layers",
        columns("layer", "kind", "shape", "zeros", "sparsity", "", left=["kind", ""]),
        [
            (
                layer.name,
                layer.kind,
                "×".join(map(str, layer.shape)),
                f"{layer.zeros:,}",
                f"{100 * layer.sparsity:.1f} %",
                "█" * round(BAR * layer.sparsity),
            )
            for layer in record.layers
        ],
    )


def _listed(rows: dict[str, object], longest: int | None) -> Facts:
    return Facts([(name, _short(value, longest)) for name, value in rows.items()])


def _short(value: object, longest: int | None) -> str:
    if isinstance(value, dict):
        text = ", ".join(f"{key} {item}" for key, item in value.items())
    else:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if longest is None or len(text) <= longest else text[: longest - 1] + "…"
