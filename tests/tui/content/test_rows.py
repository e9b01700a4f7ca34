"""The line above the table."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.text import Text

from tests.fake_runs import write_run
from tests.tui.content.rendering import WIDTHS, rows_of
from tests.tui.driver import MODELS
from thinice_tui.plots.style import SET_MARKERS, SET_WORDS
from thinice_tui.protocol.progress import Heartbeat
from thinice_tui.runfile.records import Run
from thinice_tui.tui.content.rows import empty_reason, rows_line


@pytest.mark.parametrize("width", [1, *WIDTHS])
@pytest.mark.parametrize("query", ["", "margin<0.5", "label~class and margin<0.5 and not sample=3 " * 5])
def test_the_line_above_the_rows_fits(width: int, query: str, run: Run) -> None:
    line = rows_line(rows_of(run, query=query), width)
    assert cell_len(line.plain) <= width
    if width >= 80:
        counts = rows_of(run).set_counts
        for name, marker in SET_MARKERS.items():
            assert re.search(rf"{marker}({name} )?({SET_WORDS[name]} )?{counts[name]} ", line.plain + " ")
        assert "of 200" in line.plain
        assert query == "" or f"/{query}"[: width - 70] in line.plain


def test_the_line_above_the_rows_says_the_order_and_the_undecided(tmp_path: Path, run: Run) -> None:
    assert "↑ dense clean margin" in rows_line(rows_of(run), 120).plain
    assert "↓ dense margin under attack" in rows_line(rows_of(run, margin="attacked", descending=True), 120).plain
    assert "↑ broken by" in rows_line(rows_of(run, sort="broken_by"), 120).plain
    early = write_run(tmp_path / "early.thinice", MODELS, n=60, through=0)
    rows = rows_of(early)
    assert f"? {rows.set_counts['?']}" in rows_line(rows, 120).plain and rows.set_counts["?"] > 0


def test_a_filter_that_fits_without_the_counts_is_shown_whole(run: Run) -> None:
    query = "set=S10 set@again=S11 margin<0.5"
    line = rows_line(rows_of(run, query=query), 80, "flip 1 of 9").plain
    assert line.endswith(f"/{query}") and "flip 1 of 9" in line and " 1▼ 2▲ 3● 4○ " in line


def test_sets_that_are_not_shown_are_struck_out(run: Run) -> None:
    line = rows_line(rows_of(run, sets=frozenset({"S10", "S11"})), 120)
    struck = {line.plain[span.start : span.end].strip()[2:5] for span in line.spans if "strike" in str(span.style)}
    assert struck == {"S01", "S00"}


def test_why_there_are_no_rows(run: Run) -> None:
    assert "· margin>9" in empty_reason(rows_of(run, query="margin>9"))
    both = empty_reason(rows_of(run, query="margin>9", sets=frozenset({"S10", "S01"})))
    assert "margin>9, sets S01 S10" in both
    assert isinstance(rows_line(rows_of(run, query="margin>9"), 80), Text)


def test_at_80_columns_the_sets_are_words(run: Run) -> None:
    for selected in ("", "flip 1 of 61"):
        line = rows_line(rows_of(run), 80, selected).plain
        assert selected in line and all(word in line for word in SET_WORDS.values()), line


@pytest.mark.parametrize("query", ["", "margin<5", "set=S10 set@again=S11 margin<0.5 or margin>3 label~class"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_how_many_are_marked_is_always_seen(query: str, width: int, run: Run) -> None:
    line = rows_line(rows_of(run, query=query), width, "flip 12 of 61", 120).plain
    assert line.startswith(" 120 marked · ") and cell_len(line) <= width


def test_before_the_first_results_it_says_when_they_come(tmp_path: Path) -> None:
    early = write_run(tmp_path / "early.thinice", MODELS, n=64, through=0)

    def said(beat: Heartbeat | None, is_computing: bool = True) -> str:
        return empty_reason(rows_of(replace(early, heartbeat=beat), query="set=S10"), is_computing)

    assert said(None) == "no result of an attack yet: first results come after the checks of models and data"
    assert said(None, False) == "no result of an attack yet: e resumes the run"
    clean = Heartbeat(0.0, "running", "half", "clean", 5, 64, 100.0, None)
    assert said(clean).endswith("first results come after half · clean and a part of PGD-20")
    # dense has 64 of 192 samples, the first batch of half 16: 60 of these 80 are left, at 20 passes each
    first = Heartbeat(0.0, "running", "dense", "PGD-20", 20, 192, 100.0, None)
    assert said(first).endswith("first results in about 12s")
    assert "changes the filter" in empty_reason(
        rows_of(write_run(tmp_path / "a.thinice", MODELS), query="margin>9"), True
    )
