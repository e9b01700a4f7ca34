"""The samples of a view as text: CSV, JSON, or indices for the next pruning round."""

import csv
import io
import json
import math
from typing import Any

import numpy as np

from thinice_tui.analysis.live_sets import SET_NAMES
from thinice_tui.analysis.query.fields import Field, NumberField
from thinice_tui.analysis.rows import Rows


def samples_csv(rows: Rows) -> str:
    """CSV of every column of the table, a line a sample in the order shown; unknown values are empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    columns = _columns(rows)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return stream.getvalue()


def samples_json(rows: Rows) -> str:
    """The same as JSON, after what is compared and how; unknown values are null."""
    run, table = rows.table.run, rows.table
    columns = _columns(rows)
    exported = {
        "run": run.path,
        "complete": run.complete,
        "settings": run.info.settings.as_dict(),
        "dense": run.models[0].record.path,
        "pruned": None if run.alone else table.other.record.path,
        "margin": table.margin_kind,
        "filter": rows.view.query,
        "sets": sorted(rows.view.sets),
        "samples": [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)],
    }
    return json.dumps(exported, indent=1, allow_nan=False) + "\n"


def shown_indices(rows: Rows) -> str:
    """The original indices of the samples shown, one a line in their order, as numpy.loadtxt reads them."""
    return "".join(f"{index}\n" for index in rows.table.run.indices[rows.order])


def thin_ice_indices(rows: Rows) -> str:
    """The original indices of all samples lost so far (S10), one a line, lowest dense margin first."""
    table = rows.table
    lost = np.flatnonzero(table.sets == SET_NAMES.index("S10"))
    lost = lost[np.argsort(table.margins[lost], kind="stable")]
    return "".join(f"{index}\n" for index in table.run.indices[lost])


def _columns(rows: Rows) -> dict[str, list[Any]]:
    return {key: _values(field, rows) for key, field in rows.table.fields.items()}


def _values(field: Field, rows: Rows) -> list[Any]:
    if isinstance(field, NumberField):
        found = field.values[rows.order].tolist()
        return [None if isinstance(value, float) and not math.isfinite(value) else value for value in found]
    return [field.names[code] if code >= 0 else None for code in field.codes[rows.order].tolist()]
