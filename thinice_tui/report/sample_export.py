"""The samples of a view as text: JSON, or indices for the next pruning round. CSV is that of every report."""

import json

import numpy as np

from thinice_tui.analysis.live_sets import SET_NAMES
from thinice_tui.analysis.query.fields import NumberField
from thinice_tui.analysis.rows import Rows
from thinice_tui.report.run_facts import run_facts
from thinice_tui.report.sample_columns import sample_fields, values, written_csv


def shown_csv(rows: Rows) -> str:
    """The CSV report, with only the samples shown, in their order; of several training seeds with `lost_in@MODEL`."""
    run, fates = rows.table.run, rows.table.fates
    fields = sample_fields(run)
    for model in run.models[1:] if rows.table.seeds > 1 else ():
        assert fates is not None  # else it is one run alone
        times = fates.times_lost(model.record.name)
        fields[f"lost_in@{model.record.name}"] = NumberField(times if np.isnan(times).any() else times.astype(np.int16))
    return written_csv(fields, rows.order, run_facts(run))


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
