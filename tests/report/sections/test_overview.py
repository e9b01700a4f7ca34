"""Every model against dense in one table."""

from pathlib import Path

from tests.fake_runs import write_run
from tests.report.rendering import analysis_of
from thinice_tui.analysis.capture import capture_of
from thinice_tui.analysis.comparison import analyse
from thinice_tui.report.document.blocks import Plot, Table
from thinice_tui.report.document.cells import p_value, percent
from thinice_tui.report.sections.overview import MOST_IN_PLOT, overview
from thinice_tui.runfile.records import Role


def test_a_row_has_the_sets_the_test_and_what_the_lowest_margins_hold(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path, n=400)
    table, plot = (block for block in overview(analysis) if isinstance(block, Table | Plot))
    assert isinstance(table, Table) and isinstance(plot, Plot) and len(plot.chart.series) == 2
    for row, one in zip(table.rows, analysis.comparisons, strict=True):
        captured = percent(capture_of(analysis, one).headline)
        expected = [*one.sets.counts().values(), p_value(one.mcnemar_p), captured, one.auc_s10_s11.verdict]
        assert captured is not None and list(row[1:]) == expected
    assert table.rows[1][0] == "again (control)"


def test_many_models_are_all_in_the_table_and_some_in_the_plot(tmp_path: Path) -> None:
    models: dict[str, Role] = {"dense": "dense", **{f"p{n}": "pruned" for n in range(7)}, "c": "control"}
    blocks = list(overview(analyse(write_run(tmp_path / "a.thinice", models))))
    (table,) = (block for block in blocks if isinstance(block, Table))
    (plot,) = (block for block in blocks if isinstance(block, Plot))
    assert len(table.rows) == 8 and len(plot.chart.series) == MOST_IN_PLOT
    assert plot.chart.series[-1].name == "c ± 95 %"


def test_where_nothing_is_compared_nothing_is_said(tmp_path: Path) -> None:
    assert list(overview(analyse(write_run(tmp_path / "a.thinice", {"dense": "dense"})))) == []
    assert list(overview(analysis_of(tmp_path / "b", through=0))) == []
