"""Samples of a view as text, piece by piece: CSV, JSON, or indices for the next pruning round."""

import json
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thinice_tui.analysis.live_sets import ALL_SETS, HELD_SETS, SET_NAMES
from thinice_tui.analysis.query.fields import Field, NumberField
from thinice_tui.analysis.rows import Positions, Rows
from thinice_tui.report.sample_columns import PIECE, pieces_of, sample_fields, values
from thinice_tui.safe_io.printable import printable

LONGEST_FILTER, LONGEST_NAME = 40, 150
"""Characters of a file's name: that the filter gets, and all of it."""


@dataclass(frozen=True)
class Selection:
    """The samples of a run that are exported. order: their positions, int64 [k]."""

    rows: Rows
    order: Positions
    is_marked: bool = False
    """Whether they were marked one by one, in place of all that the view shows."""

    @classmethod
    def shown(cls, rows: Rows) -> "Selection":
        """All samples that the view shows, in its order."""
        return cls(rows, rows.order)

    @classmethod
    def marked(cls, rows: Rows, positions: Set[int]) -> "Selection":
        """The samples at `positions`: those that the view shows in its order, then the others."""
        chosen = np.array(sorted(positions), np.int64)
        shown = rows.lines[np.isin(rows.lines, chosen)]
        return cls(rows, np.concatenate([shown, np.setdiff1d(chosen, shown)]), is_marked=True)

    @property
    def model(self) -> str:
        """The name of the model that dense is compared with."""
        return self.rows.table.other.record.name

    def facts(self) -> dict[str, str]:
        """What the samples are and how they were chosen: the same for each of them."""
        view = self.rows.view
        return {
            "run_file": printable(Path(self.rows.table.run.path).name),
            "compared_with": self.model,
            "filter": "marked by hand" if self.is_marked else view.query.strip(),
            "sets": "" if self.is_marked else " ".join(sorted(view.sets)),
        }

    @property
    def name(self) -> str:
        """`standard-pruned-90-S10-margin_0.5`: run, model, sets and filter, for the name of a file."""
        view = self.rows.view
        sets = {ALL_SETS: "all", HELD_SETS: "dense-holds"}.get(view.sets) or "-".join(sorted(view.sets - {"?"}))
        chosen = ["marked"] if self.is_marked else [sets, _part(view.query, LONGEST_FILTER)]
        parts = [printable(Path(self.rows.table.run.path).stem), _part(self.model, LONGEST_NAME), *chosen]
        return "-".join(filter(None, parts))[:LONGEST_NAME]


def _part(text: str, longest: int) -> str:
    """`text` as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9.=_-]+", "_", text).strip("._-")[:longest]


def selected_csv(chosen: Selection) -> Iterator[str]:
    """The CSV report with only these samples, and columns that say how they were chosen.

    Of several training seeds with `lost_in@MODEL`: how many of them lose the sample.
    """
    run = chosen.rows.table.run
    fields = sample_fields(run) | dict(_lost_in(chosen.rows))
    from thinice_tui.report.run_facts import run_facts  # the interface's first frame does not wait for it

    return pieces_of(fields, chosen.order, run_facts(run), chosen.facts())


def _lost_in(rows: Rows) -> Iterator[tuple[str, Field]]:
    fates = rows.table.fates
    for model in rows.table.run.models[1:] if fates is not None and fates.seeds > 1 else ():
        assert fates is not None  # as asked above
        times, name = fates.times_lost(model.record.name), f"lost_in@{model.record.name}"
        yield name, NumberField(times if np.isnan(times).any() else times.astype(np.int16))


def samples_json(chosen: Selection) -> Iterator[str]:
    """The table's columns as JSON, after what is compared and how; unknown values are null."""
    run, table = chosen.rows.table.run, chosen.rows.table
    facts = {
        "run": run.path,
        "complete": run.complete,
        "settings": run.info.settings.as_dict(),
        "dense": run.models[0].record.path,
        "pruned": None if run.alone else table.other.record.path,
        "compared_with": chosen.model,
        "margin": table.margin_kind,
        "filter": chosen.facts()["filter"],
        "sets": [] if chosen.is_marked else sorted(chosen.rows.view.sets),
    }
    yield json.dumps(facts, indent=1, allow_nan=False).removesuffix("\n}") + ',\n "samples": ['
    for begin in range(0, len(chosen.order), PIECE):
        part = chosen.order[begin : begin + PIECE]
        columns = {key: values(field, part) for key, field in table.fields.items()}
        lines = (
            json.dumps(dict(zip(columns, row, strict=True)), allow_nan=False)
            for row in zip(*columns.values(), strict=True)
        )
        yield ("," if begin else "") + "\n  " + ",\n  ".join(lines)
    yield "\n ]\n}\n"


def selected_indices(chosen: Selection) -> Iterator[str]:
    """The original indices, one a line in their order, after a comment, as numpy.loadtxt reads them."""
    facts = chosen.facts()
    how = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items() if value)
    yield f"# {printable(how)}\n"
    yield from bare_indices(chosen)


def bare_indices(chosen: Selection) -> Iterator[str]:
    """The original indices alone, one a line."""
    indices = chosen.rows.table.run.indices
    for begin in range(0, len(chosen.order), PIECE):
        yield "".join(f"{index}\n" for index in indices[chosen.order[begin : begin + PIECE]])


def thin_ice_indices(chosen: Selection) -> Iterator[str]:
    """The original indices of all samples lost so far (S10), one a line, lowest dense margin first."""
    table = chosen.rows.table
    lost = np.flatnonzero(table.sets == SET_NAMES.index("S10"))
    lost = lost[np.argsort(table.margins[lost], kind="stable")]
    name = printable(f"file {Path(table.run.path).name}, lost by {chosen.model} (S10), lowest dense margin first")
    yield f"# {name}\n"
    yield "".join(f"{index}\n" for index in table.run.indices[lost])
