"""The section on what falls at which sparsity."""

from pathlib import Path

from tests.analysis.runs_of_models import analysed
from thinice_tui.analysis.ladder import ladder_of
from thinice_tui.report.document.blocks import Table
from thinice_tui.report.document.cells import auc_number, percent
from thinice_tui.report.sections.ladder import ladder_section


def test_each_rung_is_a_row(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, n=400, noise=(0.5, 1.2, 0.4))
    ladder = ladder_of(analysis)
    (table,) = (block for block in ladder_section(analysis) if isinstance(block, Table))
    assert ladder is not None
    for row, rung in zip(table.rows, ladder.rungs, strict=True):
        assert row[0] == rung.comparison.other.record.name and row[2] == percent(rung.comparison.nfr)
        assert row[3] == auc_number(rung.comparison.auc_s10_s11)
        assert tuple(row[4:]) == (rung.fallen, rung.regained, rung.gone)
    assert f"in all, {ladder.regained.sum()} are lost and held again" in table.footnote


def test_one_pruned_model_needs_no_ladder(tmp_path: Path) -> None:
    assert list(ladder_section(analysed(tmp_path, {"dense": "dense", "half": "pruned"}))) == []
