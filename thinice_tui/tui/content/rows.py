"""The line above the table: how many samples of which sets, in which order; and why the table is empty."""

from rich.text import Text

from thinice_tui.analysis.live_sets import ALL_SETS, ALONE_SETS, UNDECIDED
from thinice_tui.analysis.margins import MARGIN_KINDS
from thinice_tui.analysis.rows import Rows
from thinice_tui.analysis.table import COLUMNS
from thinice_tui.plots.style import SET_MARKERS
from thinice_tui.tui.action_registry import BY_NAME, SET_ACTIONS


def rows_line(rows: Rows, width: int) -> Text:
    """`366 of 1000  1▼S10 55  2▲S01 36  3●S11 311  4○S00 598  by clean margin ↑  /set=S10`."""
    view = rows.view
    text = Text(f" {len(rows.order)} of {len(rows.table.run.labels)} ", style="bold", no_wrap=True, overflow="ellipsis")
    for action, name in SET_ACTIONS.items():
        if rows.table.run.alone and name not in ALONE_SETS:
            continue
        called = ALONE_SETS[name] if rows.table.run.alone else name
        part = Text(f" {BY_NAME[action].shown}{SET_MARKERS[name]}{called} {rows.set_counts[name]} ")
        part.stylize("" if name in view.sets else "dim strike")
        part.apply_meta({"@click": f"app.do('{action}')"})
        text.append_text(part)
    if rows.set_counts[UNDECIDED]:
        text.append(f" ? {rows.set_counts[UNDECIDED]} ")
    if view.query.strip():
        text.append(f"  /{view.query}", style="italic")
    else:
        by = f"dense {MARGIN_KINDS[view.margin]}" if view.sort == "margin" else COLUMNS[view.sort].title
        order = f"  {'↓' if view.descending else '↑'} {by}"
        text.append(order if text.cell_len + len(order) <= width else "")
    text.truncate(max(1, width), overflow="ellipsis")
    return text


def empty_reason(rows: Rows) -> str:
    """Why the table has no rows, and which keys help."""
    if not len(rows.table.run.labels):
        return "this run has no samples"
    view = rows.view
    what = [f"the filter {view.query}"] if view.query.strip() else []
    what += [] if view.sets == ALL_SETS else ["the chosen sets " + " ".join(sorted(view.sets))]
    return f"no sample passes {' and '.join(what)}: / changes the filter, esc shows all"
