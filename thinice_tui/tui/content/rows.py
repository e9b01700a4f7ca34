"""The line above the table: how many samples of which sets, in which order; and why the table is empty."""

from typing import Literal

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from thinice_tui.analysis.live_sets import ALL_SETS, ALONE_SETS, UNDECIDED
from thinice_tui.analysis.margins import MARGIN_KINDS
from thinice_tui.analysis.rows import Rows
from thinice_tui.plots.style import SET_MARKERS, SET_WORDS
from thinice_tui.tui.action_registry import BY_NAME, SET_ACTIONS

Detail = Literal["words", "codes", "markers"]
DETAILS: tuple[Detail, ...] = ("words", "codes", "markers")


def flip_words(rows: Rows, cursor: int) -> str:
    """`flip 3 of 61` where the line `cursor` is a flip, else nothing."""
    place = int(np.searchsorted(rows.flips, cursor))
    is_flip = place < len(rows.flips) and rows.flips[place] == cursor
    return f"flip {place + 1} of {len(rows.flips)}" if is_flip else ""


def rows_line(rows: Rows, width: int, flip: str = "") -> Text:
    """`366 of 1000  1▼S10 lost 55  2▲S01 gained 36  3●S11 held 311  4○S00 broken 598  ↑ dense clean margin  /set=S10`.

    Where it is narrow the words go, then the flip, and the codes stay; but they go for a filter that fits without them.
    flip: which flip is selected.
    """
    query = f"  /{rows.view.query}" if rows.view.query.strip() else ""
    head = Text(f" {flip} ·" if flip else "")
    lines = [head + _counts(rows, detail) for detail in DETAILS[: None if query else 2]]
    line = next((one for one in lines if one.cell_len + cell_len(query) <= width), _counts(rows, "codes"))
    line.no_wrap, line.overflow = True, "ellipsis"
    if query:
        line.append(query, style="italic")
    else:
        columns = rows.table.columns
        by = f"dense {MARGIN_KINDS[rows.view.margin]}" if rows.view.sort == "margin" else columns[rows.view.sort].title
        order = f"  {'↓' if rows.view.descending else '↑'} {by}"
        line.append(order if line.cell_len + len(order) <= width else "")
    line.truncate(max(1, width), overflow="ellipsis")
    return line


def _counts(rows: Rows, detail: Detail) -> Text:
    """How many samples are shown, and how many each set has; in words, with the sets' codes, or with their markers."""
    view, alone = rows.view, rows.table.run.alone
    kept = "" if rows.kept is None else " + 1 filtered out"
    text = Text(
        f" {len(rows.order)}{kept} of {len(rows.table.run.labels)} ", style="bold", no_wrap=True, overflow="ellipsis"
    )
    for action, name in SET_ACTIONS.items():
        if alone and name not in ALONE_SETS:
            continue
        called = ALONE_SETS[name] if alone else f"{name} {SET_WORDS[name]}" if detail == "words" else name
        called = "" if detail == "markers" else f"{called} {rows.set_counts[name]} "
        part = Text(f" {BY_NAME[action].shown}{SET_MARKERS[name]}{called}")
        part.stylize("" if name in view.sets else "dim strike")
        part.apply_meta({"@click": f"app.do('{action}')"})
        text.append_text(part)
    if rows.set_counts[UNDECIDED]:
        text.append(f" ? {rows.set_counts[UNDECIDED]} ")
    return text


def empty_reason(rows: Rows) -> str:
    """Why the table has no rows, and which keys help."""
    if not len(rows.table.run.labels):
        return "this run has no samples"
    view = rows.view
    what = [f"the filter {view.query}"] if view.query.strip() else []
    what += [] if view.sets == ALL_SETS else ["the chosen sets " + " ".join(sorted(view.sets))]
    return f"no sample passes {' and '.join(what)}: / changes the filter, esc shows all"
