"""Content as the lines of a view."""

from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len
from rich.console import Console, RenderableType

from thinice_tui.analysis.live_sets import ALL_SETS, SET_NAMES
from thinice_tui.analysis.rows import Rows, View, select_rows
from thinice_tui.runfile.records import Role, Run

WIDTHS = (20, 40, 60, 80, 120, 200)


LONG: dict[str, Role] = {"dense": "dense", "a very long name of a model " * 4: "pruned", "again": "control"}


def in_room(content: RenderableType, width: int) -> list[str]:
    """`content` as the lines of a view `width` wide, without blanks at their ends."""
    console = Console(width=width, color_system="truecolor", force_terminal=True, highlight=False)
    return ["".join(segment.text for segment in line).rstrip() for line in console.render_lines(content, pad=False)]


def widest(lines: Sequence[str]) -> int:
    return max(map(cell_len, lines))


def rows_of(run: Run, **view: object) -> Rows:
    return select_rows(run, View(**{"sets": ALL_SETS, **view}))  # type: ignore[arg-type]


def sample_in(run: Run, name: str, other: int = 1) -> tuple[Rows, int]:
    """The rows of a run, and a sample of the set `name`."""
    rows = rows_of(run, other=other)
    found = np.flatnonzero(rows.table.sets == SET_NAMES.index(name))
    assert len(found), name
    return rows, int(found[0])
