"""The samples of a run as data for the page's table: columns of numbers and of names, all models'."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from thinice_tui.analysis.distances import has_distances
from thinice_tui.analysis.query.fields import Field, NumberField
from thinice_tui.report.sample_columns import sample_fields, values
from thinice_tui.runfile.records import Run

DIGITS = 4
"""Significant digits of a number."""
SET_WORDS = {"S10": "▼ lost", "S01": "▲ gained", "S11": "● held", "S00": "○ broken", "?": "? undecided"}
MOST = 20_000
"""Samples in the table: a browser handles as many at once, and the page has some megabytes."""


def samples_data(run: Run) -> Mapping[str, Any]:
    """JSON values: `total` samples of the run, `columns` of the first MOST of them by dense margin.

    A column has a key and a title, and either `numbers`, or `codes` into `names` (−1: none). For one model alone the
    sets are left out.
    """
    margins = run.models[0].clean_margin
    order = np.argsort(margins, kind="stable")[:MOST]  # NaN last
    fields, dense = sample_fields(run), run.models[0].record.name
    shown: dict[str, tuple[str, Field]] = {
        "sample": ("sample", fields["sample"]),
        "label": ("class", fields["class"]),
        "margin": ("dense margin", fields[f"margin@{dense}"]),
    }
    if has_distances(run):
        shown["distance"] = ("dense distance", fields[f"boundary_distance@{dense}"])
    shown["dense"] = ("dense broken by", fields[f"broken_by@{dense}"])
    others = list(enumerate((model.record.name for model in run.models[1:]), 1))
    shown |= {f"set{number}": (f"set: {name}", fields[f"set@{name}"]) for number, name in others}
    shown |= {f"by{number}": (f"{name} broken by", fields[f"broken_by@{name}"]) for number, name in others}
    return {
        "total": len(run.labels),
        "columns": [{"key": key, "title": title, **_column(field, order)} for key, (title, field) in shown.items()],
    }


def _column(field: Field, order: np.ndarray[Any, np.dtype[np.int64]]) -> Mapping[str, Any]:
    if isinstance(field, NumberField):
        return {"numbers": [_rounded(value) for value in values(field, order)]}
    return {"names": [SET_WORDS.get(name, name) for name in field.names], "codes": field.codes[order].tolist()}


def _rounded(value: float | None) -> float | None:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def as_script(data: Mapping[str, Any]) -> str:
    """JSON for a script element, which no string in it can end."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
