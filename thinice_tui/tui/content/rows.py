"""The line above the table: how many samples of which sets, in which order; and why the table is empty."""

from typing import Literal

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from thinice_tui.analysis.live_sets import ALL_SETS, ALONE_SETS, UNDECIDED
from thinice_tui.analysis.margins import MARGIN_KINDS
from thinice_tui.analysis.rows import Rows
from thinice_tui.analysis.table import shown_title
from thinice_tui.plots.style import SET_MARKERS, SET_WORDS
from thinice_tui.protocol.durations import duration
from thinice_tui.runfile.records import Run
from thinice_tui.tui.action_registry import BY_NAME, SET_ACTIONS

Detail = Literal["both", "words", "codes", "markers"]


def flip_words(rows: Rows, cursor: int) -> str:
    """`flip 3 of 61` where the line `cursor` is a flip, else nothing."""
    place = int(np.searchsorted(rows.flips, cursor))
    is_flip = place < len(rows.flips) and rows.flips[place] == cursor
    return f"flip {place + 1} of {len(rows.flips)}" if is_flip else ""


def rows_line(rows: Rows, width: int, flip: str = "", marked: int = 0) -> Text:
    """`366 of 1000  1▼S10 lost 55 2▲S01 gained 36 3●S11 held 311 4○S00 broken 598  ↑ dense clean margin  /set=S10`.

    Where it is narrow the codes go, then the flip, then the words; for a filter that fits without them all go.
    flip: which flip is selected; marked: how many samples are, before everything else.
    """
    query = f"  /{rows.view.query}" if rows.view.query.strip() else ""
    marks = f" {marked} marked ·" if marked else ""
    head, short = Text(f"{marks} {flip} ·" if flip else marks), Text(marks)
    lines = [head + _counts(rows, "both"), head + _counts(rows, "words")]
    lines += [head + _counts(rows, "markers"), short + _counts(rows, "markers")] if query else []
    lines += [] if query else [short + _counts(rows, "words")]
    line = next((one for one in lines if one.cell_len + cell_len(query) <= width), short + _counts(rows, "codes"))
    line.no_wrap, line.overflow = True, "ellipsis"
    if query:
        line.append(query, style="italic")
    else:
        column = rows.table.columns[rows.view.sort]
        is_margin = rows.view.sort == "margin"
        by = f"dense {MARGIN_KINDS[rows.view.margin]}" if is_margin else shown_title(column, rows.table.other)
        order = f"  {'↓' if rows.view.descending else '↑'} {by}"
        line.append(order if line.cell_len + len(order) <= width else "")
    line.truncate(max(1, width), overflow="ellipsis")
    return line


def _counts(rows: Rows, detail: Detail) -> Text:
    """How many samples are shown, and how many each set has: the sets' codes and words, one of these, or neither."""
    view, alone = rows.view, rows.table.run.alone
    kept = "" if rows.kept is None else " + 1 filtered out"
    text = Text(
        f" {len(rows.order)}{kept} of {len(rows.table.run.labels)} ", style="bold", no_wrap=True, overflow="ellipsis"
    )
    for action, name in SET_ACTIONS.items():
        if alone and name not in ALONE_SETS:
            continue
        word = ALONE_SETS[name] if alone else SET_WORDS[name]
        called = {"both": f"{name} {word} ", "words": f"{word} ", "codes": f"{name} ", "markers": ""}[detail]
        called = f"{word} " if alone and called else called
        count = "" if detail == "markers" else f"{rows.set_counts[name]}"
        part = Text(f"{BY_NAME[action].shown}{SET_MARKERS[name]}{called}{count}")
        part.stylize("" if name in view.sets else "dim strike")
        part.apply_meta({"@click": f"app.do('{action}')"})
        text.append(" ", style="not bold").append_text(part)
    if rows.set_counts[UNDECIDED]:
        text.append(f" ? {rows.set_counts[UNDECIDED]}")
    return text


def empty_reason(rows: Rows, is_computing: bool | None = None) -> str:
    """Why the table has no rows, and which keys help. is_computing: whether an engine lives; None: it is not asked."""
    run, view = rows.table.run, rows.view
    if not len(run.labels):
        return "this run has no samples"
    counts = rows.set_counts
    if not run.complete and counts[UNDECIDED] and not counts["S10"] + counts["S01"] + counts["S11"]:
        more = {None: "", False: ": e resumes the run", True: f": {first_results(run)}"}
        return f"no result of an attack yet{more[is_computing]}"
    what = [view.query.strip()] if view.query.strip() else []
    what += [] if view.sets == ALL_SETS else ["sets " + " ".join(sorted(view.sets))]
    return f"no sample passes: / changes the filter, esc shows all · {', '.join(what)}"


def first_results(run: Run) -> str:
    """When the first set of a sample will be known: after dense, the first batch of the next model in the first stage.

    From the engine's rate now; the passes of a sample are the steps of the stage.
    """
    beat, stages = run.heartbeat, run.models[0].stages
    if beat is None or beat.state == "starting" or not beat.rate or not beat.total or not stages:
        return "first results come after the checks of models and data"
    if beat.stage != stages[0].name:
        return f"first results come after {beat.doing} and a part of {stages[0].name}"
    steps = stages[0].parameters.get("steps", 1)
    samples = beat.total / len(run.models) + min(run.info.batch_size, beat.total / len(run.models)) - beat.done
    seconds = max(1.0, samples * (steps if isinstance(steps, int) else 1) / beat.rate)
    return f"first results in about {duration(seconds)}"
