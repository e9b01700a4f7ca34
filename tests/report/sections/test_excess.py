"""The section on losses beyond the control."""

from dataclasses import replace
from pathlib import Path

from tests.analysis.runs_of_models import analysed
from tests.places import SAMPLE_MODELS
from tests.report.rendering import analysis_of, words
from thinice_tui.analysis.comparison import analyse
from thinice_tui.analysis.excess import excesses
from thinice_tui.report.document.blocks import Table
from thinice_tui.report.document.cells import percent
from thinice_tui.report.sections.excess import NO_CONTROL, excess_section
from thinice_tui.runfile.reader import read_run


def test_each_pruned_model_is_a_row_and_its_verdict_a_sentence(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, n=600, noise=(1.2, 0.4, 0.4))
    (table,) = (block for block in excess_section(analysis) if isinstance(block, Table))
    for row, excess in zip(table.rows, excesses(analysis), strict=True):
        counts = int(excess.lost_by_pruning.sum()), int(excess.lost_by_control.sum())
        assert tuple(row[:4]) == (excess.model, percent(excess.excess_nfr), *counts)
    text = words(excess_section(analysis))
    assert "half: more lost than by retraining alone. tenth: cannot be told from retraining alone." in text


def test_without_a_control_it_says_what_cannot_be_concluded(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, {"dense": "dense", "half": "pruned"})
    assert NO_CONTROL in words(excess_section(analysis), 1000)
    assert list(excess_section(analysed(tmp_path, {"dense": "dense"}))) == []


def test_the_noise_of_the_attacks_stands_beside_it(tmp_path: Path) -> None:
    analysis = analysis_of(tmp_path)
    assert "another seed" not in words(excess_section(analysis))
    text = words(excess_section(replace(analysis, repeats=(analysis.run,))))
    assert "each model against itself under another seed" in text and "dense 3 0.0 [0.0, 1.9] 0.0 [0.0, 1.9]" in text


def test_the_shipped_run_at_80_columns() -> None:
    text = words(excess_section(analyse(read_run(SAMPLE_MODELS / "standard.thinice"))), 80)
    assert "pruned-90, pruned, pruned-99: more lost than by retraining alone." in text
