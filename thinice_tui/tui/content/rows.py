"""The line above the table: how many samples of which sets, in which order; and why the table is empty."""

from rich.cells import cell_len
from rich.text import Text

from thinice_tui.analysis.live_sets import ALL_SETS, ALONE_SETS, UNDECIDED
from thinice_tui.analysis.margins import MARGIN_KINDS
from thinice_tui.analysis.rows import Rows
from thinice_tui.analysis.table import COLUMNS
from thinice_tui.plots.style import SET_MARKERS, SET_WORDS
from thinice_tui.tui.action_registry import BY_NAME, SET_ACTIONS


def rows_line(rows: Rows, width: int) -> Text:
    """`366 of 1000  1▼S10 lost 55  2▲S01 gained 36  3●S11 held 311  4○S00 broken 598  ↑ dense clean margin  /set=S10`.

    Where it is narrow the words go, and the codes stay.
    """
    query = f"  /{rows.view.query}" if rows.view.query.strip() else ""
    line = _counts(rows, words=True)
    if line.cell_len + cell_len(query) > width:
        line = _counts(rows, words=False)
    if query:
        line.append(query, style="italic")
    else:
        by = f"dense {MARGIN_KINDS[rows.view.margin]}" if rows.view.sort == "margin" else COLUMNS[rows.view.sort].title
        order = f"  {'↓' if rows.view.descending else '↑'} {by}"
        line.append(order if line.cell_len + len(order) <= width else "")
    line.truncate(max(1, width), overflow="ellipsis")
    return line


def _counts(rows: Rows, words: bool) -> Text:
    """How many samples are shown, and how many each set has; words: with what the sets mean."""
    view, alone = rows.view, rows.table.run.alone
    text = Text(f" {len(rows.order)} of {len(rows.table.run.labels)} ", style="bold", no_wrap=True, overflow="ellipsis")
    for action, name in SET_ACTIONS.items():
        if alone and name not in ALONE_SETS:
            continue
        called = ALONE_SETS[name] if alone else f"{name} {SET_WORDS[name]}" if words else name
        part = Text(f" {BY_NAME[action].shown}{SET_MARKERS[name]}{called} {rows.set_counts[name]} ")
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
