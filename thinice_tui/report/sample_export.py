"""Samples taken out of a run: as CSV, as JSON, or as a list of indices for the next pruning round."""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from thinice_tui.analysis.live_sets import SET_NAMES
from thinice_tui.analysis.query.fields import Field, NumberField
from thinice_tui.analysis.rows import Rows
from thinice_tui.errors import ThiniceError
from thinice_tui.safe_io.atomic_write import write_text


def samples_csv(rows: Rows) -> str:
    """One line a sample, in the order shown, every column of the table; unknown values are empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    columns = _columns(rows)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return stream.getvalue()


def samples_json(rows: Rows) -> str:
    """The same as JSON: what is compared and how, then a list of samples; unknown values are null."""
    run, table = rows.table.run, rows.table
    columns = _columns(rows)
    about = {
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
    return json.dumps(about, indent=1, allow_nan=False) + "\n"


def indices(rows: Rows) -> str:
    """The original indices of the samples shown, one a line, in their order (numpy.loadtxt reads it)."""
    return "".join(f"{index}\n" for index in rows.table.run.indices[rows.order])


def thin_ice(rows: Rows) -> str:
    """The original indices of all that the pruned model lost so far (S10), lowest dense margin first, one a line."""
    table = rows.table
    lost = np.flatnonzero(table.sets == SET_NAMES.index("S10"))
    lost = lost[np.argsort(table.margins[lost], kind="stable")]
    return "".join(f"{index}\n" for index in table.run.indices[lost])


def save(path: Path, text: str) -> Path:
    """Write `text` to `path`, which must not exist; whole or not at all. Raises ThiniceError."""
    refuse_existing(path)
    try:
        write_text(path, text)
    except OSError as error:
        raise ThiniceError(f"{path}: cannot be written ({error.strerror})", "give another path") from error
    return path


def refuse_existing(path: Path) -> None:
    """Raise ThiniceError where there is something at `path`, or no telling."""
    try:
        exists = path.exists()
    except OSError as error:
        raise ThiniceError(f"{path}: cannot be written ({error.strerror})", "give another path") from error
    if exists:
        raise ThiniceError(f"{path} exists already and is left as it is", "give another name")


def free_path(path: Path) -> Path:
    """`path`, or with -2, -3, … before its suffix where that exists."""
    number, free = 2, path
    while free.exists():
        free = path.with_stem(f"{path.stem}-{number}")
        number += 1
    return free


def _columns(rows: Rows) -> dict[str, list[Any]]:
    return {key: _values(field, rows) for key, field in rows.table.fields.items()}


def _values(field: Field, rows: Rows) -> list[Any]:
    if isinstance(field, NumberField):
        found = field.values[rows.order].tolist()
        return [None if isinstance(value, float) and not math.isfinite(value) else value for value in found]
    return [field.names[code] if code >= 0 else None for code in field.codes[rows.order].tolist()]
