"""The samples of a view as text: JSON, or indices for the next pruning round. CSV is that of every report."""

import json

import numpy as np

from thinice_tui.analysis.live_sets import SET_NAMES
from thinice_tui.analysis.rows import Rows
from thinice_tui.report.run_facts import run_facts
from thinice_tui.report.sample_columns import samples_csv, values


def shown_csv(rows: Rows) -> str:
    """The CSV report, with only the samples shown, in their order."""
    return samples_csv(rows.table.run, rows.order, run_facts(rows.table.run))


def samples_json(rows: Rows) -> str:
    """The table's columns as JSON, after what is compared and how; unknown values are null."""
    run, table = rows.table.run, rows.table
    columns = {key: values(field, rows.order) for key, field in table.fields.items()}
    exported = {
        "run": run.path,
        "complete": run.complete,
        "settings": run.info.settings.as_dict(),
        "dense": run.models[0].record.path,
        "pruned": None if run.alone else table.other.record.path,
        "margin": table.margin_kind,
        "filter": rows.view.query,
        "sets": sorted(rows.view.sets),
        "samples": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
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
