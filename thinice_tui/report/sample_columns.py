"""Every sample of a run as a row: one column a fact, for all models. For CSV files, and the HTML report's table."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thinice_tui.analysis.correctness import clean_known
from thinice_tui.analysis.distances import distances, has_distances
from thinice_tui.analysis.flip_sets import SETS
from thinice_tui.analysis.live_sets import SET_NAMES, live_sets, lost_so_far
from thinice_tui.analysis.query.fields import Field, NameField, NumberField
from thinice_tui.analysis.table import TAG, SampleTable
from thinice_tui.runfile.records import ModelOutcomes, Run

Positions = NDArray[np.int64]
PIECE = 5000
"""Samples that are turned into text at once."""
RUN = "run"
"""The column that says in its first row how the run was made."""


def sample_fields(run: Run) -> dict[str, Field]:
    """The columns that all models share, then those of each: [n] each, by sample position.

    `set@MODEL`: by robust correctness so far, against dense; `prediction` and `margin` are on the clean image,
    `attacked_…` on the worst adversarial image found; `distance` is that image's, `boundary_distance` the minimum-norm
    distance.
    """
    table = SampleTable(run, run.models[-1], "clean")
    fields: dict[str, Field] = {
        "sample": NumberField(run.indices),
        "label": NumberField(run.labels),
        "class": NameField(run.labels, table.class_names),
    }
    if run.tags:
        fields["tags"] = table.fields[TAG]
    for number, model in enumerate(run.models):
        of_model = dict(_of_model(table, model))
        if number:
            of_model["set"] = NameField(live_sets(run, model), SET_NAMES)
            of_model["clean_set"] = NameField(_clean_sets(run, model), SET_NAMES)
        fields |= {f"{name}@{model.record.name}": field for name, field in of_model.items()}
    return fields


def _of_model(table: SampleTable, model: ModelOutcomes) -> Iterator[tuple[str, Field]]:
    run, known = table.run, clean_known(model)
    yield "prediction", NameField(model.clean_prediction, table.class_names)
    yield "attacked_prediction", NameField(model.worst_prediction, table.class_names)
    yield "margin", NumberField(model.clean_margin)
    yield "attacked_margin", NumberField(model.worst_margin)
    yield "lost", NameField(np.where(known, lost_so_far(run, model), -1).astype(np.int8), ("no", "yes"))
    yield "broken_by", NameField(table.broken_by(model), table.stage_names)
    yield "distance", NumberField(model.distance)
    if has_distances(run):
        yield "boundary_distance", NumberField(distances(run, model))


def _clean_sets(run: Run, model: ModelOutcomes) -> NDArray[np.int8]:
    """Each sample's set by clean correctness, int8 [n] into SET_NAMES."""
    dense = run.models[0]
    right = [one.clean_prediction == run.labels for one in (dense, model)]
    codes = np.full(len(run.labels), len(SET_NAMES) - 1, np.int8)
    known = clean_known(dense) & clean_known(model)
    for code, name in enumerate(SETS):
        codes[known & (right[0] == (name[1] == "1")) & (right[1] == (name[2] == "1"))] = code
    return codes


def samples_csv(run: Run, order: Positions, of_run: Mapping[str, object]) -> str:
    """CSV of every column, a line for each sample at the positions `order`; unknown values are empty.

    of_run: how the run was made, as JSON in the last column of the first line, so that the file is a plain table.
    """
    return "".join(csv_pieces(run, order, of_run, {}))


def csv_pieces(run: Run, order: Positions, of_run: Mapping[str, object], of_all: Mapping[str, str]) -> Iterator[str]:
    """The same, PIECE samples at a time. of_all: columns before the last one, with one value on every line."""
    yield from pieces_of(sample_fields(run), order, of_run, of_all)


def pieces_of(
    fields: Mapping[str, Field], order: Positions, of_run: Mapping[str, object], of_all: Mapping[str, str]
) -> Iterator[str]:
    """CSV of `fields`, PIECE samples at a time; the other arguments: as of `csv_pieces`."""
    yield _csv_lines([[*fields, *of_all, RUN]])
    for begin in range(0, len(order), PIECE):
        part = order[begin : begin + PIECE]
        columns: list[Iterable[Any]] = [values(field, part) for field in fields.values()]
        columns += [repeat(value, len(part)) for value in of_all.values()]
        facts = None if begin else json.dumps(of_run, allow_nan=False)
        yield _csv_lines(zip(*columns, chain([facts], repeat(None, len(part) - 1)), strict=True))


def _csv_lines(rows: Iterable[Iterable[Any]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def values(field: Field, order: Positions) -> list[Any]:
    """The field's values at the positions `order`, as JSON has them: None where one is unknown or not finite."""
    if isinstance(field, NumberField):
        found = field.values[order].tolist()
        return [None if isinstance(value, float) and not math.isfinite(value) else value for value in found]
    return [field.names[code] if code >= 0 else None for code in field.codes[order].tolist()]
