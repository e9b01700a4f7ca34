"""Which sample a number means that was typed after `:`."""

import numpy as np

from thinice_tui.analysis.query.tokens import shortened
from thinice_tui.analysis.rows import Rows
from thinice_tui.runfile.records import Integers


def line_named(text: str, rows: Rows) -> int | str:
    """The line of the sample whose index in the original data is `text`; else why there is none."""
    indices = rows.table.run.indices
    found = sample_named(text, indices)
    if isinstance(found, str):
        return found
    line = rows.line_of(found)
    if line is not None:
        return line
    return f"sample {indices[found]} is in this run but not among the {len(rows.order)} shown: esc twice shows all"


def sample_named(text: str, indices: Integers) -> int | str:
    """The position of the sample whose index is `text`, of those of the run, [n]; else why there is none."""
    number = text.removeprefix("#").lstrip("0") or "0"
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return f"{shortened(text)} is no sample's number: type one such as {indices[0] if len(indices) else 0}"
    found = np.flatnonzero(indices == int(number))
    if len(found):
        return int(found[0])
    return f"sample {number} is not in this run: it has {len(indices)}, from {indices.min()} to {indices.max()}"
