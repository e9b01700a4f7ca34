"""The plots of the interface."""

from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from tests.fake_runs import write_run
from tests.tui.content.rendering import LONG, rows_of, sample_in, widest
from tests.tui.driver import MODELS
from thinice_tui.analysis.live_sets import HELD_SETS, SET_NAMES
from thinice_tui.runfile.reader import read_run
from thinice_tui.runfile.records import Run
from thinice_tui.tui.content.plot_kinds import PLOTS
from thinice_tui.tui.content.plots import DRAWN, plot


def test_every_kind_is_drawn() -> None:
    assert list(DRAWN) == list(PLOTS)


@pytest.mark.parametrize("kind", PLOTS)
@pytest.mark.parametrize("size", [(60, 15), (120, 30)])
@pytest.mark.parametrize("selected", [True, False])
def test_a_plot_fits_and_says_n_and_marks_the_selected(
    kind: str, size: tuple[int, int], selected: bool, run: Run
) -> None:
    rows, position = sample_in(run, "S10")
    content = plot(kind, rows, position if selected else None, *size)
    lines = content.plain.rstrip("\n").split("\n")
    assert widest(lines) <= size[0] and len(lines) <= size[1]
    if kind == "curve":
        assert "security curve" in content.plain and "compare --distances" in " ".join(content.plain.split())
        return
    assert len(lines) == size[1] and {cell_len(line) for line in lines} == {size[0]}
    counted = {"flips": HELD_SETS, "ladder": HELD_SETS, "capture": {"S10"}}.get(kind, SET_NAMES)
    n = int(np.isin(rows.table.sets, [SET_NAMES.index(name) for name in counted]).sum())
    assert f"n={n}" in content.plain
    if PLOTS[kind].marks:
        marked = plot(kind, rows, position, *size)
        assert (content.plain == marked.plain) == selected, "the mark is seen without colour"


@pytest.mark.parametrize("kind", ["margins", "ranks"])
def test_a_plot_by_sets_says_when_none_is_known(kind: str, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=60, through=0)
    rows = rows_of(run, query="set=?")
    assert len(rows.order) and "sets" in plot(kind, rows, None, 60, 15).plain
    assert "n=" not in plot(kind, rows, None, 60, 15).plain


@pytest.mark.parametrize("kind", PLOTS)
@pytest.mark.parametrize("query", ["sample=0", "sample<6", "margin<0", "set=S00", "set=S10"])
@pytest.mark.parametrize("through", [0, 1, 3])
def test_a_plot_of_few_samples_is_one_or_says_why_not(kind: str, query: str, through: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", MODELS, n=60, through=through)
    rows = rows_of(run, query=query)
    content = plot(kind, rows, int(rows.order[0]) if len(rows.order) else None, 60, 15)
    assert widest(content.plain.split("\n")) <= 60
    assert ("n=" in content.plain) == ("┌" in content.plain) and content.plain.strip()
    if not len(rows.order):
        assert "no sample passes" in content.plain or "no result of an attack yet" in content.plain


def test_a_plot_follows_the_filter_but_a_rate_does_not_follow_the_sets(run: Run) -> None:
    few = rows_of(run, query='label="class 1"')
    assert f"n={len(few.order)}" in plot("margins", few, None, 80, 20).plain
    lost = rows_of(run, sets=frozenset({"S10"}))
    assert f"n={len(lost.order)}" in plot("margins", lost, None, 80, 20).plain
    held = plot("flips", rows_of(run), None, 80, 20).plain
    assert plot("flips", lost, None, 80, 20).plain == held
    assert plot("stages", lost, None, 80, 20).plain == plot("stages", rows_of(run), None, 80, 20).plain


@pytest.mark.parametrize("kind", PLOTS)
def test_a_curve_of_samples_that_a_filter_has_chosen_says_so(kind: str, run: Run) -> None:
    if kind == "curve":  # the run has no distances
        return
    plain = plot(kind, rows_of(run, query="set=S10"), None, 60, 15).plain
    lost = len(rows_of(run, query="set=S10").order)
    said = f"of {lost} of {len(run.labels)} samples, chosen by /set=S10" in " ".join(plain.split())
    assert said == PLOTS[kind].all_sets and len(plain.rstrip("\n").split("\n")) <= 15
    assert "chosen by" not in plot(kind, rows_of(run), None, 60, 15).plain


@pytest.mark.parametrize("kind", [kind for kind in PLOTS if kind not in ("curve", "stages")])
def test_a_plot_of_an_unfinished_run_says_that_its_sets_are_so_far(kind: str, unfinished: Path) -> None:
    content = plot(kind, rows_of(read_run(unfinished)), None, 100, 20)
    assert "so far" in content.plain


@pytest.mark.parametrize("kind", PLOTS)
@pytest.mark.parametrize("width", [20, 33, 60])
def test_names_of_any_length_do_not_widen_a_plot(kind: str, width: int, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a.thinice", LONG, n=60)
    lines = plot(kind, rows_of(run), 3, width, 12).plain.split("\n")
    assert widest(lines) <= width


@pytest.mark.parametrize("margin", ["clean", "attacked"])
def test_a_plot_is_of_the_margins_that_were_chosen(margin: str, run: Run) -> None:
    words = {"clean": "clean margin", "attacked": "margin under attack"}
    content = plot("margins", rows_of(run, margin=margin), None, 100, 20)
    assert words[margin] in content.plain
